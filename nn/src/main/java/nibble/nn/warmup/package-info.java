/**
 * Having kernels compiled before a model is used. Start with {@link nibble.nn.warmup.KernelWarmUp}.
 */
@NullMarked
package nibble.nn.warmup;

import org.jspecify.annotations.NullMarked;
