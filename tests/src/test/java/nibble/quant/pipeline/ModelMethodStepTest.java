package nibble.quant.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.SiteRule;
import nibble.tensor.Ops;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Steps that apply a method for whole models. */
class ModelMethodStepTest {
  private static final MethodCatalogue CATALOGUE = MethodCatalogue.standard();

  private static Recipe preset(String method, String scheme, Map<String, String> options) {
    return Presets.recipe(CATALOGUE, method, options, Scheme.parse(scheme), 1);
  }

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 1);
  }

  @Test
  void namesArePartedAtPlusSigns() {
    Recipe recipe = preset("hadamard+repq-vit+qwt", "W4A4", Map.of("ridge", "0.5", "images", "7"));
    assertEquals(3, recipe.steps().size());
    assertTrue(recipe.steps().getFirst() instanceof RecipeStep.Rotate);
    RecipeStep.ApplyMethod base = (RecipeStep.ApplyMethod) recipe.steps().get(1);
    assertEquals(Map.of("images", "7"), base.options());
    assertEquals("W4A4", base.scheme().toString());
    assertFalse(base.rules().entries().isEmpty(), "the ends have 8 bits");
    RecipeStep.ApplyMethod mending = (RecipeStep.ApplyMethod) recipe.steps().get(2);
    assertEquals(Map.of("ridge", "0.5"), mending.options());
    assertEquals("W16A16", mending.scheme().toString());
    assertEquals("W4A4", recipe.scheme().toString());
  }

  @Test
  void treesMakeTheSameRecipe() {
    RecipeStep step =
        RecipeStep.ApplyMethod.of("repq-vit", Scheme.parse("W4A4"))
            .withOption("images", 16)
            .with("*.probs", SiteRule.bits(8))
            .with("head*", SiteRule.keepFloat());
    Recipe recipe = Recipe.of(step, RecipeStep.ApplyMethod.of("qwt", Scheme.parse("W16A16")));
    assertEquals(recipe, Recipe.ofTree(recipe.toTree()));
    new RecipeRunner(CATALOGUE, recipe);
  }

  @Test
  void whatMakesNoSenseIsRefusedBeforeAnyWork() {
    assertRefused(preset("qwt", "W4A4", Map.of()), "before anything is quantized");
    assertRefused(preset("repq-vit+rtn", "W4A4", Map.of()), "quantizes again");
    assertRefused(preset("rtn+repq-vit", "W4A4", Map.of()), "quantizes again");
    assertRefused(preset("repq-vit+repq-vit", "W4A4", Map.of()), "quantizes again");
    assertRefused(preset("repq-vit", "W4A4 g16", Map.of()), "bits only");
    assertRefused(
        Recipe.of(
            RecipeStep.QuantizeWeights.of(
                "repq-vit", preset("rtn", "W4A16", Map.of()).scheme().weights().orElseThrow())),
        "whole model");
    assertRefused(
        Recipe.of(RecipeStep.ApplyMethod.of("rtn", Scheme.parse("W4A4"))), "single weights");
    String unknown =
        assertThrows(
                IllegalArgumentException.class,
                () -> preset("repq-vit+qwt", "W4A4", Map.of("rigde", "1")))
            .getMessage();
    assertTrue(unknown.contains("rigde") && unknown.contains("ridge"), unknown);
    assertThrows(
        IllegalArgumentException.class,
        () -> preset("repq-vit", "W4A4", Map.of("observer", "mse")));
  }

  private static void assertRefused(Recipe recipe, String expected) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> new RecipeRunner(CATALOGUE, recipe))
                .getMessage());
    assertTrue(message.contains(expected), message);
  }

  @Test
  void aDryRunKnowsEveryLayer() {
    RecipeRunner runner =
        new RecipeRunner(CATALOGUE, preset("repq-vit", "W4A4", Map.of("edge-bits", "16")));
    ViT model = model();
    assertTrue(runner.plan().needsCalibration(model));
    assertTrue(runner.plan().passes(32) > 0);
    for (Linear linear : model.linears()) {
      boolean edge = linear.name().equals("patch_embed") || linear.name().equals("head");
      assertEquals(!edge, runner.plan().planned(linear).isPresent(), linear.name());
    }
    assertTrue(
        runner.plan().planned(model.linear("blocks.0.attn.q")).orElseThrow().packedBytes() > 0);
  }

  @Test
  void rulesReachSitesAndMissingSamplesAreNamed() {
    Recipe recipe =
        Recipe.of(
            RecipeStep.ApplyMethod.of("repq-vit", Scheme.parse("W4A4"))
                .with("*.probs", SiteRule.keepFloat())
                .with("blocks.1.*", SiteRule.keepFloat()));
    RecipeRunner runner = new RecipeRunner(CATALOGUE, recipe);
    ViT model = model();
    assertEquals(List.of(), runner.plan().unusedRules(model));
    try (Ops ops = Ops.serial()) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              runner.run(
                  ops,
                  model,
                  ModelMethodStepTest::model,
                  SampleSource.none(),
                  0,
                  MethodProgress.NONE,
                  ResumeStore.NONE));
      assertThrows(
          IllegalArgumentException.class, () -> runner.run(ops, model, List.of(), (r, d, t) -> {}));
      SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(3, 1), null)));
      runner.run(
          ops,
          model,
          ModelMethodStepTest::model,
          samples,
          0,
          MethodProgress.NONE,
          ResumeStore.NONE);
    }
    assertTrue(model.sites().get("blocks.0.attn.probs").isIdentity());
    assertFalse(model.sites().get("blocks.0.attn.q_out").isIdentity());
    assertFalse(model.linear("blocks.1.attn.q").isReplaced());
    assertTrue(model.linear("blocks.0.attn.q").isReplaced());
  }
}
