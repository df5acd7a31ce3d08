package nibble.quant.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.decoder.Decoder;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.fold.ChannelFold;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** Methods that prepare a model for the one that quantizes it. */
class PreparingStepTest {
  private static final Tensor IDS = RandomTextModels.input(9, 5);

  private final List<String> seen = new ArrayList<>();
  private final List<Model> floatModels = new ArrayList<>();
  private final MethodCatalogue catalogue =
      MethodCatalogue.standard()
          .withModelMethod(card("double"), options -> new Doubling("double", "rtn"))
          .withModelMethod(card("twice"), options -> new Doubling("twice", "gptq"))
          .withModelMethod(card("look"), options -> new Looking());

  private static MethodCard card(String name) {
    return new MethodCard(name, name, "a test", "nothing", "never", List.of(), List.of());
  }

  /** Doubles what norms give to the blocks' layers and halves their weights. */
  private final class Doubling implements ModelMethod {
    private final String name;
    private final String quantizer;

    Doubling(String name, String quantizer) {
      this.name = name;
      this.quantizer = quantizer;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public DataNeed needs() {
      return DataNeed.NONE;
    }

    @Override
    public MethodPlace place() {
      return MethodPlace.PREPARE;
    }

    @Override
    public String quantizedBy() {
      return quantizer;
    }

    @Override
    public MethodReport apply(ModelTask task) {
      Linear first = task.model().readers().getFirst().linears().getFirst();
      Linear head = task.model().linear("head");
      assertFalse(first.isReplaced());
      seen.add(
          name
              + " "
              + first.name()
              + " "
              + task.weights(first).map(w -> w.format().bits())
              + " "
              + task.activations(first.input()).map(a -> a.format().bits()));
      seen.add(name + " head " + task.weights(head).map(w -> w.format().bits()));
      floatModels.add(task.floatModel().get());
      for (ResidualStructure.Reader reader : task.model().readers()) {
        int width = reader.linears().getFirst().in();
        float[] factors = new float[width];
        Arrays.fill(factors, 2);
        ChannelFold.apply(
            task.model(), reader.linears().getFirst().input(), factors, new float[width]);
      }
      return new MethodReport(List.of(), Map.of(name + ".done", 1.0), List.of());
    }
  }

  /** Mends nothing, but keeps the float model that it was given. */
  private final class Looking implements ModelMethod {
    @Override
    public String name() {
      return "look";
    }

    @Override
    public DataNeed needs() {
      return DataNeed.NONE;
    }

    @Override
    public MethodPlace place() {
      return MethodPlace.MEND;
    }

    @Override
    public MethodReport apply(ModelTask task) {
      assertTrue(task.model().linears().stream().allMatch(Linear::isReplaced));
      assertEquals(
          Optional.of(3),
          task.weights(task.model().linear("layers.0.attn.q")).map(w -> w.format().bits()));
      floatModels.add(task.floatModel().get());
      return MethodReport.of(List.of());
    }
  }

  private static Decoder llama() {
    return RandomTextModels.llama(RandomTextModels.Shape.SMALL, 3);
  }

  private Model run(String method, String scheme) {
    Decoder model = llama();
    RecipeRunner runner = new RecipeRunner(catalogue, preset(method, scheme));
    try (Ops ops = Ops.serial()) {
      runner.run(
          ops,
          model,
          PreparingStepTest::llama,
          SampleSource.of(List.of(Samples.unlabelled(IDS))),
          0,
          MethodProgress.NONE,
          ResumeStore.NONE);
    }
    return model;
  }

  private Recipe preset(String method, String scheme) {
    return Presets.recipe(catalogue, method, Map.of(), Scheme.parse(scheme), 1);
  }

  private List<String> steps(String method) {
    return preset(method, "W4A8").steps().stream().map(PreparingStepTest::name).toList();
  }

  private static String name(RecipeStep step) {
    return switch (step) {
      case RecipeStep.Rotate r -> "rotate";
      case RecipeStep.QuantizeWeights w -> w.method();
      case RecipeStep.QuantizeActivations a -> "activations";
      case RecipeStep.ApplyMethod m -> m.method() + " " + m.scheme();
    };
  }

  @Test
  void aNameHasWhatQuantizesFilledIn() {
    assertEquals(List.of("double W16A16", "rtn", "activations"), steps("double"));
    assertEquals(List.of("twice W16A16", "gptq", "activations"), steps("twice"));
    assertEquals(
        List.of("rotate", "twice W16A16", "double W16A16", "gptq", "activations", "qwt W16A16"),
        steps("hadamard+twice+double+qwt"));
    assertEquals(
        List.of("double W16A16", "repq-vit W4A8", "qwt W16A16"), steps("double+repq-vit+qwt"));
    assertEquals(List.of("rotate", "gptq", "activations"), steps("quarot"));
    assertEquals(List.of("rotate", "adaround", "activations"), steps("quarot+adaround"));
    assertEquals(List.of("rotate", "gptq", "activations", "qwt W16A16"), steps("quarot+qwt"));
    assertEquals(List.of("rotate", "rtn", "activations"), steps("hadamard"));
  }

  @Test
  void preparedModelsMayStayInFloat() {
    Recipe recipe = preset("hadamard+double", "W16A16");
    assertEquals(
        List.of("rotate", "double W16A16"),
        recipe.steps().stream().map(PreparingStepTest::name).toList());
    Decoder model = (Decoder) run("double", "W16A16");
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(llama().forward(ops, IDS).toFloats(), model.forward(ops, IDS).toFloats());
    }
    assertThrows(IllegalArgumentException.class, () -> preset("double+qwt", "W16A16"));
    assertThrows(IllegalArgumentException.class, () -> preset("double", "W16A8"));
  }

  @Test
  void recipesReadBack() {
    for (String method : List.of("double", "hadamard+twice+rtn+qwt", "double+repq-vit")) {
      Recipe recipe = preset(method, "W4A4");
      assertEquals(recipe, Recipe.ofTree(recipe.toTree()));
      new RecipeRunner(catalogue, recipe);
    }
  }

  @Test
  void wrongOrdersAreRefused() {
    refused("rtn+double", "prepares with double after rtn; put it in front");
    refused("rtn+qwt+double", "prepares with double after rtn; put it in front");
    refused("rtn+hadamard", "prepares with a rotation after rtn; put it in front");
    refused("double+rtn+gptq", "quantizes again with gptq after rtn did; leave one of them out");
    refused(
        "double+rtn+repq-vit",
        "quantizes again with repq-vit after rtn did; leave one of them out");
    refused(
        "repq-vit+repq-vit",
        "quantizes again with repq-vit after repq-vit did; leave one of them out");
    refused("qwt+rtn", "mend with 'qwt' before anything is quantized; put it behind rtn");
    refused(
        "qwt",
        "mend with 'qwt' before anything is quantized; put a method that quantizes in front of it");
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> preset("doubel+rtn", "W4A4"))
            .getMessage()
            .contains("double"));
  }

  private void refused(String method, String expected) {
    Recipe recipe = preset(method, "W4A4");
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> new RecipeRunner(catalogue, recipe))
                .getMessage());
    assertTrue(message.contains(expected), message);
  }

  @Test
  void bitsOfTheQuantizingStepAreSeenAndTheFloatModelIsAsTheStepsBeforeLeftIt() {
    run("hadamard+double+twice+rtn+look", "W3A8");
    String first = " layers.0.attn.q Optional[3] Optional[8]";
    assertEquals(
        List.of(
            "double" + first, "double head Optional[8]", "twice" + first, "twice head Optional[8]"),
        seen);
    Decoder original = llama();
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] logits = original.forward(ops, IDS).toFloats();
      for (Model model : floatModels) {
        assertTrue(
            RandomModels.relativeDifference(model.forward(ops, IDS).toFloats(), logits) < 1e-5);
        assertTrue(model.linears().stream().noneMatch(Linear::isReplaced));
      }
      float[] rotated = floatModels.getFirst().embed(ops, IDS).toFloats();
      assertTrue(
          RandomModels.relativeDifference(rotated, original.embed(ops, IDS).toFloats()) > 0.1);
      float[] weight = floatModels.getFirst().linear("layers.1.mlp.up").weight().peek().toFloats();
      for (int i = 1; i < 3; i++) {
        assertArrayEquals(rotated, floatModels.get(i).embed(ops, IDS).toFloats());
        Block block = floatModels.get(i).blocks().getFirst();
        assertEquals("layers.0", block.name());
        float[] scaled = floatModels.get(i).linear("layers.1.mlp.up").weight().peek().toFloats();
        assertEquals(weight[7] / (1 << i), scaled[7], 0);
      }
    }
  }

  @Test
  void imageModelsArePreparedForMethodsForWholeModels() {
    var config = RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true);
    Model model = RandomModels.vit(config, 1);
    SampleSource samples = SampleSource.of(List.of(Samples.unlabelled(RandomModels.pixels(6, 1))));
    try (Ops ops = Ops.serial()) {
      MethodReport report =
          new RecipeRunner(catalogue, preset("double+repq-vit", "W4A8"))
              .run(
                  ops,
                  model,
                  () -> RandomModels.vit(config, 1),
                  samples,
                  0,
                  MethodProgress.NONE,
                  ResumeStore.NONE);
      assertEquals(1.0, report.facts().get("double.done"));
      assertEquals(model.linears().size(), report.layers().size());
    }
    assertEquals("double blocks.0.attn.q Optional[4] Optional[8]", seen.getFirst());
  }
}
