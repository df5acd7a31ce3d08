package nibble.loaders.image;

import nibble.loaders.BadFileException;

/** What size an image is resized to. */
public sealed interface ResizeRule {
  /** Always this size, whatever the proportions were. */
  record Exact(PixelSize size) implements ResizeRule {}

  /**
   * Keeps the proportions; the shorter side gets this many pixels, the longer one is rounded down.
   */
  record ShortestEdge(int pixels) implements ResizeRule {
    public ShortestEdge {
      new PixelSize(pixels, pixels);
    }
  }

  /**
   * {@code image} resized by this rule.
   *
   * @throws BadFileException if the image is so narrow that the result would have more than {@value
   *     RgbImage#MOST_PIXELS} pixels
   */
  default RgbImage apply(RgbImage image, Resampling filter) {
    return switch (this) {
      case Exact(PixelSize(int height, int width)) -> Resize.to(image, width, height, filter);
      case ShortestEdge(int pixels) -> {
        int shorter = Math.min(image.width(), image.height());
        long longer = (long) pixels * Math.max(image.width(), image.height()) / shorter;
        if (longer * pixels > RgbImage.MOST_PIXELS) {
          throw new BadFileException(
              "an image of %d x %d pixels is too narrow to be resized"
                  .formatted(image.width(), image.height()));
        }
        boolean upright = image.width() <= image.height();
        yield Resize.to(
            image, upright ? pixels : (int) longer, upright ? (int) longer : pixels, filter);
      }
    };
  }
}
