/**
 * Codes of a model's weights chosen one layer after the other, with what was measured at their
 * inputs. Start with {@link nibble.quant.layerwise.ModelQuantizer}.
 */
@NullMarked
package nibble.quant.layerwise;

import org.jspecify.annotations.NullMarked;
