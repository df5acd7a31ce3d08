package nibble.loaders.image;

/**
 * Size of an image.
 *
 * @param height pixels, 1 to {@value #LARGEST}
 * @param width pixels, 1 to {@value #LARGEST}
 */
public record PixelSize(int height, int width) {
  /** Largest side that a preprocessor may ask for. */
  public static final int LARGEST = 8192;

  public PixelSize {
    if (height < 1 || width < 1 || height > LARGEST || width > LARGEST) {
      throw new IllegalArgumentException(
          "sides must be 1 to %d pixels, were %d x %d".formatted(LARGEST, width, height));
    }
  }
}
