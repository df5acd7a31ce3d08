package nibble.quant.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;

class RecipeTest {

  @Provide
  Arbitrary<Recipe> recipes() {
    Arbitrary<SiteRules> rules =
        Combinators.combine(
                Arbitraries.of("blocks.0.*", "head", "*.fc2", "blocks.?.attn.*"),
                Arbitraries.of(SiteRule.keepFloat(), SiteRule.bits(8), SiteRule.bits(3)))
            .as(Map::entry)
            .list()
            .ofMaxSize(3)
            .map(
                entries -> {
                  SiteRules all = SiteRules.NONE;
                  for (Map.Entry<String, SiteRule> entry : entries) {
                    all = all.with(entry.getKey(), entry.getValue());
                  }
                  return all;
                });
    Arbitrary<RecipeStep> rotate =
        Combinators.combine(
                Arbitraries.longs(), Arbitraries.of(RotationKind.class).set().ofMinSize(1))
            .as(RecipeStep.Rotate::new);
    Arbitrary<Map<String, Object>> options =
        Arbitraries.of(
            Map.of(),
            Map.of("dampening", 0.05, "block-size", 64L),
            Map.of("static-groups", true, "order", "by-hessian-diagonal"),
            Map.of("dampening", 1.0));
    Arbitrary<RecipeStep> weights =
        Combinators.combine(
                options,
                Arbitraries.of("W4A16", "W3A16 g64 w:asym", "W8A16 w:clip=mse")
                    .map(t -> Scheme.parse(t).weights().orElseThrow()),
                rules)
            .as((o, s, r) -> new RecipeStep.QuantizeWeights("gptq", o, s, r));
    Arbitrary<RecipeStep> activations =
        Combinators.combine(
                Arbitraries.of("W16A8", "W16A4 a:sym a:clip=0.9", "W16A8 a:static")
                    .map(t -> Scheme.parse(t).activations().orElseThrow()),
                Arbitraries.of(ObserverKind.class),
                rules)
            .as(RecipeStep.QuantizeActivations::new);
    return Arbitraries.oneOf(rotate, weights, activations).list().ofMaxSize(4).map(Recipe::new);
  }

  @Property(tries = 150)
  void treesReadBack(@ForAll("recipes") Recipe recipe) {
    Map<String, Object> tree = recipe.toTree();
    assertEquals(recipe, Recipe.ofTree(tree));
    assertEquals(tree, Recipe.ofTree(tree).toTree());
    MethodCatalogue.standard().check(recipe);
  }

  @Example
  void keysAreStable() {
    Recipe recipe =
        Recipe.of(
            new RecipeStep.Rotate(7, Set.of(RotationKind.HEAD, RotationKind.RESIDUAL)),
            RecipeStep.QuantizeWeights.of("gptq", WeightScheme.ofBits(4))
                .withOption("dampening", 0.02)
                .with("head", SiteRule.keepFloat()),
            RecipeStep.QuantizeActivations.of(ActivationScheme.ofBits(4))
                .with("blocks.0.*", SiteRule.bits(8)));
    assertEquals(
        "{version=1, steps=[{step=rotate, seed=7, kinds=[residual, head]}, {step=quantize-weights,"
            + " method=gptq, options={dampening=0.02}, scheme=W4A16, rules={head=float}},"
            + " {step=quantize-activations, scheme=W16A4, observer=mse, rules={blocks.0.*=8}}]}",
        recipe.toTree().toString());
    assertEquals(Scheme.parse("W4A4"), recipe.scheme());
    assertThrows(UnsupportedOperationException.class, () -> recipe.toTree().put("x", 1));
  }

  @Example
  void rulesChangeTheSchemeOfWhatTheyMatch() {
    RecipeStep.QuantizeWeights step =
        RecipeStep.QuantizeWeights.of("rtn", WeightScheme.ofBits(4))
            .with("blocks.0.*", SiteRule.bits(8))
            .with("blocks.0.mlp.*", SiteRule.keepFloat());
    assertEquals(Optional.of(WeightScheme.ofBits(8)), step.schemeFor("blocks.0.attn.q"));
    assertEquals(Optional.empty(), step.schemeFor("blocks.0.mlp.fc1"));
    assertEquals(Optional.of(WeightScheme.ofBits(4)), step.schemeFor("blocks.10.mlp.fc1"));
    assertEquals(
        List.of("blocks.0.mlp.*"), step.rules().unused(List.of("blocks.0.attn.q", "head")));
  }

  @Example
  void patternsMatchWholeNames() {
    assertTrue(new SitePattern("*.fc2").matches("blocks.3.mlp.fc2"));
    assertFalse(new SitePattern("*.fc2").matches("blocks.3.mlp.fc2.input"));
    assertTrue(new SitePattern("blocks.?.attn*").matches("blocks.3.attn"));
    assertFalse(new SitePattern("blocks.?.attn*").matches("blocks.11.attn"));
    assertFalse(new SitePattern("head").matches("blocks.head"));
    assertTrue(
        new SitePattern("*a*a*a*a*b".repeat(3))
            .matches("a".repeat(30) + "b" + "a".repeat(30) + "b" + "aaaab"));
    assertThrows(IllegalArgumentException.class, () -> new SitePattern("blocks[0]"));
  }

  @Example
  void badTreesAreExplained() {
    assertMessage("'version' is missing", Map.of("steps", List.of()));
    assertMessage(
        "unknown key 'step'; did you mean steps?", Map.of("version", 1, "step", List.of()));
    assertMessage("version is 9, this program reads 1", Map.of("version", 9, "steps", List.of()));
    assertMessage(
        "recipe.steps[0]: is 3, expected an object", Map.of("version", 1, "steps", List.of(3)));
    assertMessage(
        "'step' is rotat, expected one of rotate",
        Map.of("version", 1, "steps", List.of(Map.of("step", "rotat"))));
    assertMessage(
        "a list of residual, head, mlp",
        Map.of(
            "version",
            1,
            "steps",
            List.of(Map.of("step", "rotate", "seed", 1, "kinds", List.of("tail")))));
    Map<String, Object> step =
        new LinkedHashMap<>(Map.of("step", "quantize-weights", "method", "rtn", "scheme", "W4"));
    assertMessage("scheme 'W4'", Map.of("version", 1, "steps", List.of(step)));
    step.put("scheme", "W4A16");
    step.put("rules", Map.of("head", 9));
    assertMessage("bit width must be from 2 to 8", Map.of("version", 1, "steps", List.of(step)));
  }

  private static void assertMessage(String part, Map<String, ?> tree) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> Recipe.ofTree(tree)).getMessage());
    assertTrue(message.contains(part), message);
  }

  @Example
  void oneMethodAndSchemeMakeARecipe() {
    Recipe recipe = Recipe.of("gptq", Map.of("dampening", "0.1"), Scheme.parse("W4A8"));
    assertEquals(2, recipe.steps().size());
    assertEquals(Scheme.parse("W4A8"), recipe.scheme());
    assertEquals(recipe, Recipe.ofTree(recipe.toTree()));
  }
}
