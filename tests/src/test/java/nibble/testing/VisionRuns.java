package nibble.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.data.ByteImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Small trained image models: what they read, how they are quantized and what they say. */
public final class VisionRuns {
  private VisionRuns() {}

  /**
   * Quantizes {@code model} in place, as {@code nibble quantize} does with seed 3.
   *
   * @param folder of the float model
   * @param options {@code name=value}, with blanks between; may be empty
   */
  public static MethodReport quantize(
      Ops ops,
      Model model,
      Path folder,
      String method,
      String scheme,
      String options,
      SampleSource samples) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String option : options.isEmpty() ? new String[0] : options.split(" ")) {
      values.put(option.split("=")[0], option.split("=")[1]);
    }
    MethodCatalogue catalogue = MethodCatalogue.standard();
    RecipeRunner runner =
        new RecipeRunner(
            catalogue, Presets.recipe(catalogue, method, values, Scheme.parse(scheme), 3));
    return runner.run(
        ops,
        model,
        () -> ModelLoader.load(folder).model(),
        samples,
        3,
        MethodProgress.NONE,
        ResumeStore.NONE);
  }

  /** Images {@code from} to {@code from + count} as the model reads them. */
  public static Tensor pixels(
      ByteImages images, ImagePreprocessor preprocessor, int from, int count) {
    List<RgbImage> chosen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      chosen.add(images.rgb(from + i));
    }
    return preprocessor.apply(chosen);
  }

  /** Their labels. */
  public static int[] labels(ByteImages images, int from, int count) {
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = images.label(from + i);
    }
    return labels;
  }

  /** The class of each image with the largest logit. */
  public static int[] predictions(Ops ops, Model model, Tensor pixels) {
    try (var inference = ops.noGrad()) {
      return largest(model.forward(ops, pixels));
    }
  }

  /** The index of the largest number of each row of {@code [rows, classes]}. */
  public static int[] largest(Tensor rows) {
    float[] logits = rows.toFloats();
    int classes = rows.dim(-1);
    int[] best = new int[rows.dim(0)];
    for (int i = 0; i < best.length; i++) {
      for (int c = 1; c < classes; c++) {
        best[i] = logits[i * classes + c] > logits[i * classes + best[i]] ? c : best[i];
      }
    }
    return best;
  }
}
