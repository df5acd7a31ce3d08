package nibble.loaders.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import nibble.loaders.BadFileException;
import nibble.loaders.image.RgbImage;
import org.jspecify.annotations.Nullable;

/**
 * Small images of one size in memory, with their classes: plane by plane, 8 bits a sample.
 * Immutable.
 */
public final class ByteImages {
  private final int channels;
  private final int height;
  private final int width;
  private final byte[] samples;
  private final byte[] labels;

  ByteImages(int channels, int height, int width, byte[] samples, byte[] labels) {
    if (samples.length
        != Math.multiplyExact(Math.multiplyExact(channels * height, width), labels.length)) {
      throw new IllegalArgumentException(
          "%d samples for %d images".formatted(samples.length, labels.length));
    }
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.samples = samples;
    this.labels = labels;
  }

  /**
   * The images in {@code file}: an IDX file of MNIST, which needs its file of labels, or a binary
   * file of CIFAR-10, which has its labels in it.
   *
   * @param labels file of labels of an IDX file; null: the one beside it whose name has {@code
   *     labels-idx1} for {@code images-idx3}
   * @throws nibble.loaders.BadFileException if it is neither, or damaged, or labels are missing or
   *     not wanted
   */
  public static ByteImages read(Path file, @Nullable Path labels) {
    if (Mnist.isIdx(file)) {
      Path beside =
          file.resolveSibling(
              String.valueOf(file.getFileName()).replace("images-idx3", "labels-idx1"));
      if (labels == null && !Files.exists(beside)
          || file.equals(labels == null ? beside : labels)) {
        throw BadFileException.of(
            file,
            "holds images without labels, expected a file of labels beside it; name it with"
                + " --labels");
      }
      return Mnist.read(file, labels == null ? beside : labels);
    }
    if (labels != null) {
      throw BadFileException.of(
          file,
          "is no IDX file, expected none with a file of labels; CIFAR-10 files hold their labels"
              + " themselves");
    }
    return Cifar10.read(file);
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

  /** Image {@code i} with interleaved channels; a grey one has its level in all three. */
  public RgbImage rgb(int i) {
    Objects.checkIndex(i, count());
    int plane = height * width;
    byte[] rgb = new byte[RgbImage.CHANNELS * plane];
    for (int at = 0; at < rgb.length; at++) {
      int channel = channels == 1 ? 0 : at % RgbImage.CHANNELS;
      rgb[at] = samples[(i * channels + channel) * plane + at / RgbImage.CHANNELS];
    }
    return new RgbImage(width, height, rgb);
  }

  /**
   * Writes image {@code i} as floats {@code (sample / 255 - mean[channel]) / std[channel]} to
   * {@code out[at...]}, {@code [channels, height, width]}.
   */
  public void normalize(int i, float[] mean, float[] std, float[] out, int at) {
    Objects.checkIndex(i, count());
    int plane = height * width;
    for (int channel = 0; channel < channels; channel++) {
      int from = (i * channels + channel) * plane;
      for (int k = 0; k < plane; k++) {
        out[at + channel * plane + k] =
            (float) (((samples[from + k] & 0xFF) / 255.0 - mean[channel]) / std[channel]);
      }
    }
  }
}
