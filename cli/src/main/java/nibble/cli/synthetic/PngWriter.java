package nibble.cli.synthetic;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * Encodes 8-bit RGB pictures as PNG (W3C Portable Network Graphics, third edition): no filter, one
 * data chunk.
 */
public final class PngWriter {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  private PngWriter() {}

  /**
   * Bytes of a PNG file.
   *
   * @param rgb red, green, blue of each pixel, row by row: [height, width, 3]
   * @throws IllegalArgumentException if {@code rgb} does not hold 3 * width * height bytes
   */
  public static byte[] encode(byte[] rgb, int width, int height) {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "%d x %d pixels need %d bytes, got %d"
              .formatted(width, height, 3L * width * height, rgb.length));
    }
    try {
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      file.write(SIGNATURE);
      chunk(file, "IHDR", header(width, height));
      chunk(file, "IDAT", scanLines(rgb, width, height));
      chunk(file, "IEND", new byte[0]);
      return file.toByteArray();
    } catch (IOException impossible) {
      throw new AssertionError("writing to memory", impossible);
    }
  }

  private static byte[] header(int width, int height) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(width);
    out.writeInt(height);
    out.write(
        new byte[] {
          8, 2, 0, 0, 0
        }); // bits per channel, RGB, deflate, standard filters, not interlaced
    return bytes.toByteArray();
  }

  private static byte[] scanLines(byte[] rgb, int width, int height) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
      for (int y = 0; y < height; y++) {
        out.write(0); // filter "none"
        out.write(rgb, 3 * width * y, 3 * width);
      }
    }
    return bytes.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] data)
      throws IOException {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 check = new CRC32();
    check.update(name);
    check.update(data);
    DataOutputStream out = new DataOutputStream(file);
    out.writeInt(data.length);
    out.write(name);
    out.write(data);
    out.writeInt((int) check.getValue());
  }
}
