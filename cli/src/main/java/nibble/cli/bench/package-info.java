/**
 * How fast this machine is: peaks, kernels beside them, a whole model. Start with {@link
 * nibble.cli.bench.KernelBench}.
 */
@NullMarked
package nibble.cli.bench;

import org.jspecify.annotations.NullMarked;
