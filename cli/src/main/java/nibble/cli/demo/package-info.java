/**
 * The main job on what ships with the program. Start with {@link nibble.cli.demo.Demonstration}.
 */
@NullMarked
package nibble.cli.demo;

import org.jspecify.annotations.NullMarked;
