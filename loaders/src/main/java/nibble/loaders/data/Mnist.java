package nibble.loaders.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.BadFileException;

/**
 * The IDX layout of MNIST, uncompressed: a magic number, the dimensions, and one byte for each
 * element, big-endian.
 *
 * <p>Source: LeCun, Cortes, Burges: The MNIST database, section "File formats".
 */
public final class Mnist {
  private static final int UNSIGNED_BYTES = 0x0800;
  private static final int LARGEST_SIDE = 4096;
  private static final int CLASSES = 10;
  private static final long LONGEST = 1L << 30;

  private Mnist() {}

  /** Whether {@code file} begins like an IDX file of images. */
  static boolean isIdx(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] magic = in.readNBytes(Integer.BYTES);
      return magic.length == Integer.BYTES
          && ByteBuffer.wrap(magic).getInt() == (UNSIGNED_BYTES | 3);
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  /**
   * Grey images and their classes. Throws {@link BadFileException} if a file is broken or the two
   * do not belong together.
   */
  public static ByteImages read(Path images, Path labels) {
    ByteBuffer pixels = open(images, 3);
    int count = pixels.getInt(4);
    int height = pixels.getInt(8);
    int width = pixels.getInt(12);
    if (height < 1 || width < 1 || height > LARGEST_SIDE || width > LARGEST_SIDE) {
      throw BadFileException.of(
          images, "says its images have %d x %d pixels".formatted(width, height));
    }
    requireLength(images, pixels, 16, (long) count * height * width);
    ByteBuffer classes = open(labels, 1);
    if (classes.getInt(4) != count) {
      throw BadFileException.of(
          labels,
          "has %d labels, but %s has %d images".formatted(classes.getInt(4), images, count));
    }
    requireLength(labels, classes, 8, count);
    return new ByteImages(1, height, width, bytesFrom(16, pixels), labels(labels, classes));
  }

  private static byte[] labels(Path file, ByteBuffer content) {
    byte[] labels = bytesFrom(8, content);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= CLASSES) {
        throw BadFileException.of(
            file, "label %d is %d, expected 0 to 9".formatted(i, labels[i] & 0xFF));
      }
    }
    return labels;
  }

  private static byte[] bytesFrom(int start, ByteBuffer content) {
    byte[] bytes = new byte[content.capacity() - start];
    content.get(start, bytes);
    return bytes;
  }

  private static ByteBuffer open(Path file, int rank) {
    try {
      if (Files.size(file) > LONGEST) {
        throw BadFileException.of(file, "is larger than 1 GB, too large for an MNIST file");
      }
      ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file));
      int header = 4 + 4 * rank;
      if (content.capacity() < header
          || content.getInt(0) != (UNSIGNED_BYTES | rank)
          || content.getInt(4) < 0) {
        throw BadFileException.of(
            file,
            "is no IDX file of bytes with %d dimensions (expected magic number %d); unpack it if it ends in .gz"
                .formatted(rank, UNSIGNED_BYTES | rank));
      }
      return content;
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  private static void requireLength(Path file, ByteBuffer content, int header, long elements) {
    if (content.capacity() - header != elements) {
      throw BadFileException.of(
          file,
          "has %d bytes after its header, expected %d; it may be truncated"
              .formatted(content.capacity() - header, elements));
    }
  }
}
