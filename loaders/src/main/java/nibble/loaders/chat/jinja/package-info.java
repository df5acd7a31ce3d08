/** A small interpreter for the part of the Jinja template language that chat templates use. */
@NullMarked
package nibble.loaders.chat.jinja;

import org.jspecify.annotations.NullMarked;
