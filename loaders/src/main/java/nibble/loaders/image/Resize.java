package nibble.loaders.image;

import java.util.Arrays;

/**
 * Resampling with the exact results of Pillow's {@code Image.resize}: antialiased, first along rows
 * and then along columns, 8 bits in between, weights of 22 fraction bits, half added before the
 * shift, clipped to 0..255.
 *
 * <p>Source: Pillow, {@code src/libImaging/Resample.c}.
 */
public final class Resize {
  private static final int CHANNELS = RgbImage.CHANNELS;
  private static final int HALF = 1 << Taps.BITS - 1;

  private Resize() {}

  /**
   * {@code image} in the size {@code width} x {@code height} pixels, at least 1 each; {@code image}
   * itself if it has this size.
   */
  public static RgbImage to(RgbImage image, int width, int height, Resampling filter) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "cannot resize to %d x %d pixels".formatted(width, height));
    }
    RgbImage wide =
        width == image.width() ? image : alongRows(image, Taps.of(image.width(), width, filter));
    return height == image.height()
        ? wide
        : alongColumns(wide, Taps.of(image.height(), height, filter));
  }

  private static RgbImage alongRows(RgbImage image, Taps taps) {
    byte[] in = image.rgb();
    byte[] out =
        new byte[Math.multiplyExact(Math.multiplyExact(taps.count, image.height()), CHANNELS)];
    int[] weights = taps.weights();
    for (int y = 0; y < image.height(); y++) {
      int row = y * image.width() * CHANNELS;
      int to = y * taps.count * CHANNELS;
      for (int x = 0; x < taps.count; x++, to += CHANNELS) {
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        int from = row + taps.first(x) * CHANNELS;
        int weightsAt = taps.weightsAt(x);
        for (int i = 0; i < taps.length(x); i++, from += CHANNELS) {
          int weight = weights[weightsAt + i];
          red += (in[from] & 0xFF) * weight;
          green += (in[from + 1] & 0xFF) * weight;
          blue += (in[from + 2] & 0xFF) * weight;
        }
        out[to] = clipped(red);
        out[to + 1] = clipped(green);
        out[to + 2] = clipped(blue);
      }
    }
    return new RgbImage(taps.count, image.height(), out);
  }

  private static RgbImage alongColumns(RgbImage image, Taps taps) {
    byte[] in = image.rgb();
    int rowBytes = image.width() * CHANNELS;
    byte[] out = new byte[Math.multiplyExact(taps.count, rowBytes)];
    int[] sums = new int[rowBytes];
    for (int y = 0; y < taps.count; y++) {
      Arrays.fill(sums, HALF);
      for (int i = 0; i < taps.length(y); i++) {
        addRow(in, (taps.first(y) + i) * rowBytes, taps.weights()[taps.weightsAt(y) + i], sums);
      }
      for (int x = 0; x < rowBytes; x++) {
        out[y * rowBytes + x] = clipped(sums[x]);
      }
    }
    return new RgbImage(image.width(), taps.count, out);
  }

  private static void addRow(byte[] in, int from, int weight, int[] sums) {
    for (int x = 0; x < sums.length; x++) {
      sums[x] += (in[from + x] & 0xFF) * weight;
    }
  }

  private static byte clipped(int sum) {
    return (byte) Math.clamp(sum >> Taps.BITS, 0, 255);
  }
}
