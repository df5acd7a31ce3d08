package nibble.cli.command;

import nibble.cli.data.SyntheticImageSet;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;

/** How images are prepared for models trained on the built-in set, in the words of Hugging Face. */
final class BuiltInPreprocessor {
  private static final int BILINEAR = 2;

  private BuiltInPreprocessor() {}

  static JsonObject config(int size) {
    double half = SyntheticImageSet.MEAN_AND_DEVIATION;
    return JsonObject.builder()
        .put("image_processor_type", "ViTImageProcessor")
        .put("do_resize", true)
        .put("size", JsonObject.builder().put("height", size).put("width", size).build())
        .put("resample", BILINEAR)
        .put("do_rescale", true)
        .put("rescale_factor", 1 / 255.0)
        .put("do_normalize", true)
        .put("image_mean", JsonArray.ofDoubles(half, half, half))
        .put("image_std", JsonArray.ofDoubles(half, half, half))
        .build();
  }
}
