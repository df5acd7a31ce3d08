package nibble.loaders.image;

/**
 * Cuts out the middle of an image; where the image is smaller it is surrounded by black, an odd
 * black column or row at the right and at the bottom.
 *
 * @param size of the result
 * @param margin how an odd number of columns or rows is shared
 */
public record CentreCrop(PixelSize size, Margin margin) {
  /** How many of an odd number of columns (or rows) are cut off in front. */
  public enum Margin {
    /**
     * Half of them, rounded half to even: torchvision's {@code center_crop}, with which ViT and
     * DeiT were evaluated.
     */
    HALF_EVEN,

    /**
     * Half of them, rounded down: Hugging Face's image processors of CLIP and BiT ({@code
     * image_transforms.center_crop}, {@code TorchvisionBackend.center_crop}). Some images are cut
     * one pixel further to the left or to the top than by torchvision.
     */
    DOWN
  }

  /** The middle of {@code image}. */
  public RgbImage apply(RgbImage image) {
    int width = size.width();
    int height = size.height();
    byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(width, height), RgbImage.CHANNELS)];
    int left = before(image.width(), width);
    int top = before(image.height(), height);
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
  private int before(int found, int wanted) {
    if (found < wanted) {
      return -((wanted - found) / 2);
    }
    double half = (found - wanted) / 2.0;
    return (int) (margin == Margin.DOWN ? Math.floor(half) : Math.rint(half));
  }
}
