package nibble.loaders.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;

/** Small model folders, good ones and such with one thing changed. */
final class QuantizedFolders {
  private QuantizedFolders() {}

  static ViT model(String architecture, boolean qkvBias) {
    return RandomModels.vit(RandomModels.vitConfig(architecture, 4, 8, 1, 48, qkvBias), 5);
  }

  /** {@code model} after the recipe of a method and scheme; calibrated where that is needed. */
  static ViT quantized(ViT model, String method, String scheme, Map<String, String> options) {
    RecipeRunner runner =
        new RecipeRunner(
            MethodCatalogue.standard(),
            Presets.recipe(MethodCatalogue.standard(), method, options, Scheme.parse(scheme), 3));
    try (Ops ops = Ops.serial()) {
      runner.run(
          ops,
          model,
          runner.plan().needsCalibration(model) ? List.of(RandomModels.pixels(6, 1)) : List.of(),
          (r, d, t) -> {});
    }
    return model;
  }

  static Path write(Path folder, ViT model) throws IOException {
    Files.createDirectories(folder);
    JsonObject config =
        JsonObject.empty()
            .with("num_labels", JsonNumber.of(7))
            .with("transformers_version", new JsonString("4.0"));
    ModelWriter.write(
        folder, config, model, JsonObject.empty().with("program", new JsonString("test")));
    return folder;
  }

  static Path packed(Path folder, String scheme) throws IOException {
    return write(folder, quantized(model(ViTConfig.VIT, true), "rtn", scheme, Map.of()));
  }

  /** Changes {@code config.json}. */
  static void change(Path folder, UnaryOperator<JsonObject> change) {
    Path file = folder.resolve(Checkpoint.CONFIG);
    Json.write(file, change.apply(Json.readObject(file)));
  }

  /** Changes the tensors. */
  static void changeTensors(Path folder, Consumer<Map<String, Tensor>> change) throws IOException {
    Path file = folder.resolve(Checkpoint.WEIGHTS);
    Path changed = folder.resolve("changed.safetensors");
    try (Safetensors source = Safetensors.open(file)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>(source.tensors());
      change.accept(tensors);
      SafetensorsWriter.write(changed, tensors, source.metadata());
    }
    Files.delete(file);
    Files.move(changed, file);
  }
}
