package nibble.loaders.image;

/** Cutting out parts of images. */
public final class Crop {
  private Crop() {}

  /**
   * The middle of {@code image}, {@code width} x {@code height} pixels; where the image is smaller
   * it is surrounded by black.
   *
   * <p>The margins are those of torchvision's {@code center_crop}: half the difference, rounded
   * half to even, is cut off at the left and at the top; an odd black column or row goes to the
   * right and to the bottom. (The NumPy processors of Hugging Face round down instead, which shifts
   * some images by one pixel.)
   */
  public static RgbImage centre(RgbImage image, int width, int height) {
    byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(width, height), RgbImage.CHANNELS)];
    int left = margin(image.width(), width);
    int top = margin(image.height(), height);
    int firstColumn = Math.max(0, -left);
    int columns = Math.min(width, image.width() - left) - firstColumn;
    for (int y = Math.max(0, -top); y < Math.min(height, image.height() - top); y++) {
      int from = ((y + top) * image.width() + left + firstColumn) * RgbImage.CHANNELS;
      System.arraycopy(
          image.rgb(),
          from,
          out,
          (y * width + firstColumn) * RgbImage.CHANNELS,
          columns * RgbImage.CHANNELS);
    }
    return new RgbImage(width, height, out);
  }

  /** Pixels to cut off in front; negative: pixels to add. */
  private static int margin(int size, int wanted) {
    return size >= wanted ? (int) Math.rint((size - wanted) / 2.0) : -((wanted - size) / 2);
  }
}
