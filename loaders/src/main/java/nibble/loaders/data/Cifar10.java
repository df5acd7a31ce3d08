package nibble.loaders.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.BadFileException;

/**
 * The binary layout of CIFAR-10: for each image one byte of class (0 to 9) and 3072 bytes of
 * pixels, 32 x 32 red, then green, then blue.
 *
 * <p>Source: <a href="https://www.cs.toronto.edu/~kriz/cifar.html">Krizhevsky: CIFAR-10</a>,
 * section "Binary version".
 */
public final class Cifar10 {
  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int PIXELS = CHANNELS * SIDE * SIDE;
  private static final int RECORD = 1 + PIXELS;
  private static final int CLASSES = 10;
  private static final long MOST_IMAGES = 600_000;

  private Cifar10() {}

  /**
   * All images of {@code file}. Throws {@link BadFileException} if its length is no whole number of
   * records or a class is above 9.
   */
  public static ByteImages read(Path file) {
    try {
      long length = Files.size(file);
      if (length == 0 || length % RECORD != 0 || length / RECORD > MOST_IMAGES) {
        throw BadFileException.of(
            file,
            "has %d bytes, expected 1 to %d records of %d bytes; not a CIFAR-10 binary file, or truncated"
                .formatted(length, MOST_IMAGES, RECORD));
      }
      return split(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  private static ByteImages split(Path file, byte[] content) {
    int count = content.length / RECORD;
    byte[] labels = new byte[count];
    byte[] samples = new byte[count * PIXELS];
    for (int i = 0; i < count; i++) {
      labels[i] = content[i * RECORD];
      if (labels[i] < 0 || labels[i] >= CLASSES) {
        throw BadFileException.of(
            file,
            "record %d has class %d, expected 0 to 9; not a CIFAR-10 binary file"
                .formatted(i, labels[i] & 0xFF));
      }
      System.arraycopy(content, i * RECORD + 1, samples, i * PIXELS, PIXELS);
    }
    return new ByteImages(CHANNELS, SIDE, SIDE, samples, labels);
  }
}
