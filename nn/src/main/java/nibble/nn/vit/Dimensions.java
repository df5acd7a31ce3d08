package nibble.nn.vit;

/** Checks of configurations, with the keys of {@code config.json} in their messages. */
final class Dimensions {
  /** Most patches along one side of an image. */
  private static final int LARGEST_GRID = 1024;

  private static final double LARGEST_RATIO = 1024;

  private Dimensions() {}

  /** Whole patches, and not so many that indices overflow. */
  static void grid(int imageSize, int patchSize) {
    positive("image_size", imageSize);
    positive("patch_size", patchSize);
    multiple("image_size", imageSize, "patch_size", patchSize);
    if (imageSize / patchSize > LARGEST_GRID) {
      throw new IllegalArgumentException(
          "image_size %d makes %d patches of %d along one side, at most %d are supported"
              .formatted(imageSize, imageSize / patchSize, patchSize, LARGEST_GRID));
    }
  }

  /** The ratio of a feed-forward layer's width to that of the stream. */
  static void mlpRatio(double ratio, int width) {
    if (!(ratio > 0 && ratio <= LARGEST_RATIO) || width * ratio < 1) {
      throw new IllegalArgumentException(
          "mlp_ratio is " + ratio + ", expected a positive number up to " + LARGEST_RATIO);
    }
  }

  static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  static void multiple(String key, int value, String ofKey, int of) {
    if (value % of != 0) {
      throw new IllegalArgumentException(
          key + " " + value + " is not a multiple of " + ofKey + " " + of);
    }
  }

  static void epsilon(float value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("layer_norm_eps must not be negative, was " + value);
    }
  }
}
