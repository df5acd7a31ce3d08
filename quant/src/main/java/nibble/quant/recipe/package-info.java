/**
 * What is applied where: a list of steps that is stored in the checkpoint it made. Start with
 * {@link nibble.quant.recipe.Recipe}.
 *
 * <pre>{@code
 * Recipe recipe = Recipe.of(
 *     new RecipeStep.Rotate(7, Set.of(RotationKind.RESIDUAL, RotationKind.HEAD)),
 *     RecipeStep.QuantizeWeights.of("gptq", WeightScheme.ofBits(4)).with("head", SiteRule.keepFloat()),
 *     RecipeStep.QuantizeActivations.of(ActivationScheme.ofBits(4)));
 * Map<String, Object> tree = recipe.toTree();      // for JSON
 * assert Recipe.ofTree(tree).equals(recipe);
 * }</pre>
 */
@NullMarked
package nibble.quant.recipe;

import org.jspecify.annotations.NullMarked;
