/** What this machine and this Java virtual machine offer, found once. */
@NullMarked
package nibble.kernels.platform;

import org.jspecify.annotations.NullMarked;
