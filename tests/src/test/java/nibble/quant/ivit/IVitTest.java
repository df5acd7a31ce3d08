package nibble.quant.ivit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Model;
import nibble.nn.Operator;
import nibble.nn.OperatorForm;
import nibble.nn.integer.ShiftmaxForm;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** I-ViT on a small model. */
class IVitTest {
  private final Ops ops = Ops.serial();

  @TempDir private Path folder = Path.of("");

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 5);
  }

  private ViT quantized(boolean integers, String scheme, Ops with) {
    ViT model = model();
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(8, 1), null)));
    MethodReport report =
        new IVit(new IVitOptions(8, integers))
            .apply(ModelTask.of(with, model, IVitTest::model, samples, Scheme.parse(scheme), 1));
    assertEquals(model.linears().size(), report.layers().size());
    return model;
  }

  private float[] logits(Model model) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, RandomModels.pixels(6, 2)).toFloats();
    }
  }

  /** What every operator gave, divided by the unit of its codes, is whole. */
  @Test
  void everyFunctionGivesCodes() {
    ViT model = quantized(true, "W8A8", ops);
    List<String> seen = new ArrayList<>();
    for (Operator operator : model.sites().operators()) {
      OperatorForm form = operator.form().orElseThrow();
      operator.replace(
          (o, x, own) -> {
            Tensor y = form.apply(o, x, own);
            if (form instanceof ShiftmaxForm) {
              for (float value : y.toFloats()) {
                assertEquals(Math.rint(value * 32768), value * 32768.0);
              }
            }
            seen.add(operator.name());
            return y;
          });
    }
    float[] unused = logits(model);
    assertEquals(
        List.of(
            "blocks.0.norm1",
            "blocks.0.attn.softmax",
            "blocks.0.norm2",
            "blocks.0.mlp.activation",
            "blocks.1.norm1",
            "blocks.1.attn.softmax",
            "blocks.1.norm2",
            "blocks.1.mlp.activation",
            "norm"),
        seen);
  }

  @Test
  void integersCostLittleBesideTheSameModelWithFloatFunctions() {
    float[] exact = logits(model());
    double floats = RandomModels.relativeDifference(logits(quantized(false, "W8A8", ops)), exact);
    double integers = RandomModels.relativeDifference(logits(quantized(true, "W8A8", ops)), exact);
    assertTrue(integers > 0 && integers < 0.1 && floats < 0.1, integers + " " + floats);
    assertTrue(integers != floats);
  }

  @Test
  void theSameForAnyNumberOfThreads() {
    float[] expected = logits(quantized(true, "W8A8", ops));
    try (Ops three = new Ops(WorkSplitter.ofThreads(3))) {
      assertArrayEquals(expected, logits(quantized(true, "W8A8", three)));
    }
  }

  @Test
  void theWrittenModelRunsOnIntegersToo() {
    ViT model = quantized(true, "W8A8", ops);
    ModelWriter.write(
        folder, JsonObject.empty().with("num_labels", JsonNumber.of(7)), model, JsonObject.empty());
    try (LoadedModel read = ModelLoader.load(folder)) {
      assertArrayEquals(logits(model), logits(read.model()));
      assertTrue(read.model().sites().operators().stream().allMatch(Operator::isReplaced));
    }
  }

  @Test
  void rotatedModelsAreRefused() {
    ViT model = model();
    model.readers().forEach(reader -> reader.norm().becomePlainRms());
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(2, 1), null)));
    ModelTask task = ModelTask.of(ops, model, IVitTest::model, samples, Scheme.parse("W8A8"), 1);
    IVit method = new IVit(IVitOptions.DEFAULTS);
    assertTrue(
        String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> method.apply(task)).getMessage())
            .contains("rotation"));
    assertEquals(IVitOptions.DEFAULTS, IVitOptions.of(IVit.CARD.resolve(Map.of())));
    assertThrows(IllegalArgumentException.class, () -> new IVitOptions(0, true));
  }
}
