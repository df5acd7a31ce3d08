package nibble.quant.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What preparing methods leave in a model is written with it and read again. */
class PreparedFoldersTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "llama, smoothquant, W8A8, places, folded",
    "gemma2, smoothquant, W8A8, places, all",
    "gpt2, smoothquant+gptq, W8A8, alpha, 0.7",
    "bert, smoothquant, W8A8, places, all",
    "phi3, awq, W8A16, steps, 4",
    "gemma3, awq, W8A16, steps, 4",
    "opt, awq+gptq, W8A16, places, all",
    "llama, crossquant, W8A8, alpha, 0.5",
    "gemma2, crossquant, W8A8, alpha, 0.5",
    "bert, crossquant, W8A8, fold, true",
    "llama, outliers+quarot+rsq+kv8, W8A8, rotations, residual/head/mlp/keys",
    "gemma2, outliers, W16A16, outlier-factor, 20",
    "modernbert, outliers, W16A16, outlier-places, all",
    "bert, hadamard, W8A8, rotations, head/mlp"
  })
  void aWrittenModelComputesWhatItComputed(
      String name, String method, String scheme, String option, String value) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
        Safetensors golden =
            Safetensors.open(Golden.path("text/" + name + "/expected.safetensors"));
        Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor ids = golden.tensor("input_ids");
      Model model = loaded.model();
      new RecipeRunner(
              catalogue,
              Presets.recipe(catalogue, method, Map.of(option, value), Scheme.parse(scheme), 3))
          .run(
              ops,
              model,
              () -> ModelLoader.load(Golden.path("text/" + name)).model(),
              SampleSource.of(List.of(Samples.unlabelled(ids))),
              1,
              MethodProgress.NONE,
              ResumeStore.NONE);
      float[] quantized = model.forward(ops, ids).toFloats();
      double difference =
          RandomModels.relativeDifference(quantized, golden.tensor("output").toFloats());
      assertTrue(
          difference < (scheme.equals("W16A16") ? 1e-4 : 0.25),
          name + " " + method + " differs by " + difference);
      ModelWriter.write(folder, loaded.checkpoint().config(), model, JsonObject.empty());
      try (LoadedModel read = ModelLoader.load(folder)) {
        float[] again = read.model().forward(ops, ids).toFloats();
        if (scheme.equals("W16A16")
            || name.startsWith("gemma")) { // Gemma's file holds the gain less 1, which rounds
          assertTrue(RandomModels.relativeDifference(again, quantized) < 1e-3);
        } else {
          assertArrayEquals(quantized, again);
        }
      }
    }
  }
}
