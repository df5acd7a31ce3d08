/** Recipes applied to whole models. Start with {@link nibble.quant.pipeline.RecipeRunner}. */
@NullMarked
package nibble.quant.pipeline;

import org.jspecify.annotations.NullMarked;
