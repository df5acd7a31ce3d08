/**
 * Execution of quantized weights and activations. {@link nibble.nn.packed.PackedIntWeight} runs
 * integers, {@link nibble.nn.packed.PackedBinaryWeight} binary codes; {@link
 * nibble.nn.packed.Simulation} computes the same in float.
 */
@NullMarked
package nibble.nn.packed;

import org.jspecify.annotations.NullMarked;
