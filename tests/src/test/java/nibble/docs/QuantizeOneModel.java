package nibble.docs;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.FolderWriter;
import nibble.loaders.hf.CompanionFiles;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.RgbImage;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.ModelWriter;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.recipe.Recipe;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Quantizes a model with a recipe and writes it. */
final class QuantizeOneModel {
  private QuantizeOneModel() {}

  // region quantize
  /**
   * Writes {@code from} with 4-bit weights and 8-bit activations into the new folder {@code to}.
   */
  static void quantize(Path from, List<Path> images, Path to) {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    Recipe recipe =
        Presets.recipe(catalogue, "gptq", Map.of("dampening", "0.02"), Scheme.parse("W4A8"), 0);
    try (LoadedModel loaded = ModelLoader.load(from);
        Ops ops = new Ops(WorkSplitter.ofThreads(2));
        FolderWriter out = FolderWriter.create(to, FolderWriter.Existing.REFUSE)) {
      var preprocessor =
          ImagePreprocessor.fromJson(loaded.checkpoint().preprocessorConfig().orElseThrow());
      List<Tensor> calibration =
          images.stream()
              .map(image -> preprocessor.apply(List.of(RgbImage.decode(image))))
              .toList();
      new RecipeRunner(catalogue, recipe)
          .run(
              ops,
              loaded.model(),
              calibration,
              (layer, done, total) ->
                  System.out.printf(
                      "%d of %d: %s is %s%n", done, total, layer.name(), layer.format()));
      JsonObject provenance = JsonObject.empty().with("program", new JsonString("my-program 1.0"));
      ModelWriter.write(out.path(), loaded.checkpoint().config(), loaded.model(), provenance);
      CompanionFiles.copy(from, out);
      out.commit();
    }
  }
  // endregion
}
