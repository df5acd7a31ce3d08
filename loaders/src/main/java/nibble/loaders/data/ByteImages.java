package nibble.loaders.data;

import java.util.Arrays;
import java.util.Objects;

/** Small images of one size in memory, with their classes: plane by plane, 8 bits a sample. Immutable. */
public final class ByteImages {
  private final int channels;
  private final int height;
  private final int width;
  private final byte[] samples;
  private final byte[] labels;

  ByteImages(int channels, int height, int width, byte[] samples, byte[] labels) {
    if (samples.length != Math.multiplyExact(Math.multiplyExact(channels * height, width), labels.length)) {
      throw new IllegalArgumentException("%d samples for %d images".formatted(samples.length, labels.length));
    }
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.samples = samples;
    this.labels = labels;
  }

  /** Number of images. */
  public int count() {
    return labels.length;
  }

  /** Colour planes of an image: 1 or 3. */
  public int channels() {
    return channels;
  }

  /** Rows of an image, in pixels. */
  public int height() {
    return height;
  }

  /** Columns of an image, in pixels. */
  public int width() {
    return width;
  }

  /** Class of image {@code i}, 0 to 9. */
  public int label(int i) {
    return labels[i];
  }

  /** A copy of image {@code i}: {@code [channels, height, width]}, each 0 to 255. */
  public byte[] image(int i) {
    int bytes = channels * height * width;
    Objects.checkIndex(i, count());
    return Arrays.copyOfRange(samples, i * bytes, (i + 1) * bytes);
  }

  /**
   * Writes image {@code i} as floats {@code (sample / 255 - mean[channel]) / std[channel]} to {@code out[at...]}, {@code [channels, height,
   * width]}.
   */
  public void normalize(int i, float[] mean, float[] std, float[] out, int at) {
    Objects.checkIndex(i, count());
    int plane = height * width;
    for (int channel = 0; channel < channels; channel++) {
      int from = (i * channels + channel) * plane;
      for (int k = 0; k < plane; k++) {
        out[at + channel * plane + k] = (float) (((samples[from + k] & 0xFF) / 255.0 - mean[channel]) / std[channel]);
      }
    }
  }
}
