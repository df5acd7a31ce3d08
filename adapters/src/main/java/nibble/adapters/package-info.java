/** What the adapters share. */
@NullMarked
package nibble.adapters;

import org.jspecify.annotations.NullMarked;
