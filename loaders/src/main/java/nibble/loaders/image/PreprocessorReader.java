package nibble.loaders.image;

import static nibble.loaders.image.CentreCrop.Margin.DOWN;
import static nibble.loaders.image.CentreCrop.Margin.HALF_EVEN;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import org.jspecify.annotations.Nullable;

/** Reads {@code preprocessor_config.json}, with the defaults of the Hugging Face classes. */
final class PreprocessorReader {
  private static final int BILINEAR = 2;
  private static final int BICUBIC = 3;
  private static final Set<String> STEPS =
      Set.of(
          "do_resize",
          "do_center_crop",
          "do_rescale",
          "do_normalize",
          "do_convert_rgb",
          "do_reduce_labels");

  /**
   * Defaults of one processor class; a side of 0 means no crop. Source: the classes of
   * transformers, in {@code models/<name>/image_processing_<name>.py}.
   */
  private record Defaults(
      int size,
      boolean square,
      int resample,
      int crop,
      CentreCrop.Margin margin,
      double[] mean,
      double[] std) {
    private static final double[] HALF = {0.5, 0.5, 0.5};
    private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
    static final Defaults VIT = new Defaults(224, true, BILINEAR, 0, HALF_EVEN, HALF, HALF);
    static final Defaults DEIT = new Defaults(256, true, BICUBIC, 224, HALF_EVEN, HALF, HALF);
    static final Defaults SIGLIP = new Defaults(224, true, BICUBIC, 0, DOWN, HALF, HALF);
    static final Defaults CLIP = new Defaults(224, false, BICUBIC, 224, DOWN, CLIP_MEAN, CLIP_STD);
  }

  private final JsonObject config;
  private final Defaults defaults;

  PreprocessorReader(JsonObject config) {
    this.config = config;
    defaults = defaults(config);
  }

  private static Defaults defaults(JsonObject config) {
    String key =
        config.has("image_processor_type") ? "image_processor_type" : "feature_extractor_type";
    String type = config.string(key, "ViTImageProcessor");
    return switch (type.replace("FeatureExtractor", "")
        .replace("ImageProcessor", "")
        .replaceFirst("(Fast|Pil)$", "")) {
      case "ViT" -> Defaults.VIT;
      case "DeiT", "Beit" -> Defaults.DEIT;
      case "CLIP", "Bit" -> Defaults.CLIP;
      case "Siglip" -> Defaults.SIGLIP;
      default ->
          throw config.error(
              key,
              "is '"
                  + type
                  + "', expected the image processor of ViT, DeiT, Beit, CLIP, Siglip or Bit");
    };
  }

  ImagePreprocessor read() {
    for (var step : config.values().entrySet()) {
      if (step.getKey().startsWith("do_")
          && !STEPS.contains(step.getKey())
          && new JsonBool(true).equals(step.getValue())) {
        throw config.error(step.getKey(), "is true, but this step is not supported");
      }
    }
    boolean rescale = config.bool("do_rescale", true);
    boolean normalize = config.bool("do_normalize", true);
    double[] unchanged = {0, 0, 0};
    double[] ones = {1, 1, 1};
    List<Double> mean = normalize ? channels("image_mean", defaults.mean, true) : boxed(unchanged);
    List<Double> std = normalize ? channels("image_std", defaults.std, false) : boxed(ones);
    if (mean.size() != std.size()) {
      throw config.error(
          "image_std", "has %d numbers, but image_mean %d".formatted(std.size(), mean.size()));
    }
    return new ImagePreprocessor(
        config.bool("do_resize", true) ? resize() : null,
        resampling(),
        config.bool("do_center_crop", defaults.crop > 0) ? crop() : null,
        rescale ? config.number("rescale_factor", 1.0 / 255) : 1,
        mean,
        std);
  }

  private Resampling resampling() {
    int resample = config.integer("resample", defaults.resample);
    return switch (resample) {
      case BILINEAR -> Resampling.BILINEAR;
      case BICUBIC -> Resampling.BICUBIC;
      default ->
          throw config.error(
              "resample", "is " + resample + ", expected 2 (bilinear) or 3 (bicubic)");
    };
  }

  private ResizeRule resize() {
    JsonValue size = config.find("size").orElseGet(() -> JsonNumber.of((long) defaults.size));
    if (size instanceof JsonObject object && object.has("shortest_edge")) {
      if (object.has("longest_edge")) {
        throw config.error(
            "size", "has both shortest_edge and longest_edge, expected only one rule");
      }
      return new ResizeRule.ShortestEdge(side("size", object.integer("shortest_edge")));
    }
    if (size instanceof JsonNumber && !defaults.square) {
      return new ResizeRule.ShortestEdge(side("size", config.integer("size", defaults.size)));
    }
    return new ResizeRule.Exact(pixelSize("size", size, defaults.size));
  }

  private CentreCrop crop() {
    int side = defaults.crop > 0 ? defaults.crop : defaults.size;
    PixelSize size =
        pixelSize(
            "crop_size",
            config.find("crop_size").orElseGet(() -> JsonNumber.of((long) side)),
            side);
    return new CentreCrop(size, defaults.margin);
  }

  private PixelSize pixelSize(String key, JsonValue value, int fallback) {
    return switch (value) {
      case JsonNumber _ -> {
        int side = side(key, config.integer(key, fallback));
        yield new PixelSize(side, side);
      }
      case JsonArray array when array.size() == 2 ->
          new PixelSize(side(key, array.integer(0)), side(key, array.integer(1)));
      case JsonObject object ->
          new PixelSize(side(key, object.integer("height")), side(key, object.integer("width")));
      default ->
          throw config.error(
              key, "is " + value.kind() + ", expected a number or an object with height and width");
    };
  }

  private int side(String key, int pixels) {
    if (pixels < 1 || pixels > PixelSize.LARGEST) {
      throw config.error(
          key, "asks for %d pixels, expected 1 to %d".formatted(pixels, PixelSize.LARGEST));
    }
    return pixels;
  }

  private List<Double> channels(String key, double[] fallback, boolean zeroAllowed) {
    double[] values = fromConfig(key);
    if (values == null) {
      return boxed(fallback);
    }
    boolean count = values.length == RgbImage.CHANNELS || values.length == 1;
    if (!count || !zeroAllowed && Arrays.stream(values).anyMatch(v -> v == 0)) {
      throw config.error(
          key,
          "is "
              + Arrays.toString(values)
              + ", expected 3 numbers, or 1 for grey"
              + (zeroAllowed ? "" : ", none of them 0"));
    }
    return boxed(values);
  }

  private double @Nullable [] fromConfig(String key) {
    return config.findArray(key).map(JsonArray::doubles).orElse(null);
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
