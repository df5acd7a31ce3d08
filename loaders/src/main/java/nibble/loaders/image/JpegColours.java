package nibble.loaders.image;

/**
 * Colour conversion of decoded JPEG samples in the fixed-point arithmetic of libjpeg (jdcolor.c):
 * 16 fraction bits, half added before the shift.
 */
final class JpegColours {
  private static final int BITS = 16;
  private static final int HALF = 1 << BITS - 1;
  private static final int[] RED_OF_CR = new int[256];
  private static final int[] GREEN_OF_CR = new int[256];
  private static final int[] GREEN_OF_CB = new int[256];
  private static final int[] BLUE_OF_CB = new int[256];

  static {
    for (int i = 0; i < 256; i++) {
      int x = i - 128;
      RED_OF_CR[i] = fixed(1.40200) * x + HALF >> BITS;
      BLUE_OF_CB[i] = fixed(1.77200) * x + HALF >> BITS;
      GREEN_OF_CR[i] = -fixed(0.71414) * x;
      GREEN_OF_CB[i] = -fixed(0.34414) * x + HALF;
    }
  }

  private JpegColours() {}

  private static int fixed(double value) {
    return (int) (value * (1 << BITS) + 0.5);
  }

  /** RGB of {@code pixels} pixels whose components lie interleaved in {@code samples}. */
  static byte[] toRgb(byte[] samples, int pixels, JpegHeader header) {
    byte[] rgb = new byte[Math.multiplyExact(pixels, RgbImage.CHANNELS)];
    switch (header.colours()) {
      case GREY -> grey(samples, rgb, pixels);
      case RGB -> System.arraycopy(samples, 0, rgb, 0, rgb.length);
      case YCC -> ycc(samples, 3, rgb, pixels);
      case CMYK -> cmyk(samples, rgb, pixels, header.adobe());
      case YCCK -> ycck(samples, rgb, pixels);
    }
    return rgb;
  }

  private static void grey(byte[] samples, byte[] rgb, int pixels) {
    for (int i = 0; i < pixels; i++) {
      rgb[3 * i] = samples[i];
      rgb[3 * i + 1] = samples[i];
      rgb[3 * i + 2] = samples[i];
    }
  }

  private static void ycc(byte[] samples, int step, byte[] rgb, int pixels) {
    for (int i = 0; i < pixels; i++) {
      int y = samples[step * i] & 0xFF;
      int cb = samples[step * i + 1] & 0xFF;
      int cr = samples[step * i + 2] & 0xFF;
      rgb[3 * i] = clamp(y + RED_OF_CR[cr]);
      rgb[3 * i + 1] = clamp(y + (GREEN_OF_CB[cb] + GREEN_OF_CR[cr] >> BITS));
      rgb[3 * i + 2] = clamp(y + BLUE_OF_CB[cb]);
    }
  }

  /** Adobe's CMYK is stored inverted: 255 is no ink. */
  private static void cmyk(byte[] samples, byte[] rgb, int pixels, boolean inverted) {
    for (int i = 0; i < pixels; i++) {
      int paper = inverted ? samples[4 * i + 3] & 0xFF : 255 - (samples[4 * i + 3] & 0xFF);
      for (int c = 0; c < 3; c++) {
        int sample = samples[4 * i + c] & 0xFF;
        rgb[3 * i + c] = clamp(paper - dividedBy255((inverted ? 255 - sample : sample) * paper));
      }
    }
  }

  /** YCCK holds the colours of inverted CMY as YCC, and K inverted. */
  private static void ycck(byte[] samples, byte[] rgb, int pixels) {
    ycc(samples, 4, rgb, pixels);
    for (int i = 0; i < pixels; i++) {
      int paper = samples[4 * i + 3] & 0xFF;
      for (int c = 0; c < 3; c++) {
        int ink = rgb[3 * i + c] & 0xFF;
        rgb[3 * i + c] = clamp(paper - dividedBy255(ink * paper));
      }
    }
  }

  private static int dividedBy255(int product) {
    int rounded = product + 128;
    return (rounded >> 8) + rounded >> 8;
  }

  private static byte clamp(int value) {
    return (byte) Math.clamp(value, 0, 255);
  }
}
