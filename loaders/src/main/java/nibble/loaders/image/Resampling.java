package nibble.loaders.image;

/**
 * Interpolation filters of Pillow. The filter is stretched when shrinking, so that every source
 * pixel counts.
 */
public enum Resampling {
  /** Triangle, 1 pixel to each side; Pillow's number 2. */
  BILINEAR(1) {
    @Override
    double weight(double x) {
      return Math.max(0, 1 - Math.abs(x));
    }
  },
  /** Cubic convolution with a = -0.5, 2 pixels to each side; Pillow's number 3. */
  BICUBIC(2) {
    @Override
    double weight(double x) {
      double a = -0.5;
      double d = Math.abs(x);
      if (d < 1) {
        return ((a + 2) * d - (a + 3)) * d * d + 1;
      }
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    }
  };

  /** Pixels to each side at scale 1. */
  final double support;

  Resampling(double support) {
    this.support = support;
  }

  /** Weight at distance {@code x}, in pixels, from the centre. */
  abstract double weight(double x);
}
