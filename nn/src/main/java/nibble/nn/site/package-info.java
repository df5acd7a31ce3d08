/**
 * Functions of sites that belong to a quantized model: quantizers with parameters, scales and
 * shifts of channels. They are written with the model and read again. Start with {@link
 * nibble.nn.site.StoredFunction}.
 *
 * <pre>{@code
 * Site site = model.sites().get("blocks.3.attn.q_out");
 * site.append(UniformQuantizer.symmetric(4, Tensor.scalar(0.07f)));
 * }</pre>
 */
@NullMarked
package nibble.nn.site;

import org.jspecify.annotations.NullMarked;
