/**
 * Quantization of whole models, one part at a time. Start with {@link
 * nibble.quant.pipeline.ModelQuantizer}.
 */
@NullMarked
package nibble.quant.pipeline;

import org.jspecify.annotations.NullMarked;
