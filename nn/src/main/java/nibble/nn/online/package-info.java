/** Orthogonal transforms that a rotated model applies to activations while it runs. */
@NullMarked
package nibble.nn.online;

import org.jspecify.annotations.NullMarked;
