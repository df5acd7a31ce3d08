package nibble.loaders.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.BadFileException;

/**
 * An 8-bit RGB image.
 *
 * @param width pixels, at least 1
 * @param height pixels, at least 1
 * @param rgb {@code [height, width, 3]} bytes, each 0 to 255; not copied, so leave it alone once it
 *     is in an image
 */
@SuppressWarnings("ArrayRecordComponent") // images are large and never compared
public record RgbImage(int width, int height, byte[] rgb) {
  /** Channels of a pixel. */
  public static final int CHANNELS = 3;

  /** Most pixels a file may have before it is refused undecoded. */
  public static final long MOST_PIXELS = 100_000_000;

  private static final long LONGEST_FILE = 512L << 20;
  private static final int RED = 19595;
  private static final int GREEN = 38470;
  private static final int BLUE = 7471;
  private static final int GREY_SHIFT = 16;

  public RgbImage {
    if (width < 1
        || height < 1
        || rgb.length != Math.multiplyExact(Math.multiplyExact(width, height), CHANNELS)) {
      throw new IllegalArgumentException(
          "an image of %d x %d pixels does not fit %d bytes".formatted(width, height, rgb.length));
    }
  }

  /**
   * The image in a JPEG or PNG file. Grey becomes RGB, CMYK is converted, transparency is dropped
   * (the colours below it stay), 16-bit samples keep their upper byte, colour profiles and EXIF
   * rotation are ignored: all as Pillow's {@code convert("RGB")} does it. JPEG pixels equal those
   * of libjpeg.
   *
   * @throws BadFileException if the file is missing, of another kind, damaged, truncated, or has
   *     more than {@value #MOST_PIXELS} pixels
   */
  public static RgbImage decode(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw BadFileException.of(file, "is a folder, expected an image");
      }
      if (Files.size(file) > LONGEST_FILE) {
        throw BadFileException.of(file, "is larger than 512 MB, too large for an image");
      }
      return decode(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  /**
   * The image in {@code content}, the bytes of a JPEG or PNG file; {@code source} names it in error
   * messages. See {@link #decode(Path)}.
   */
  public static RgbImage decode(String source, byte[] content) {
    if (JpegHeader.isJpeg(content)) {
      return JpegDecoder.decode(source, content);
    }
    if (PngDecoder.isPng(content)) {
      return PngDecoder.decode(source, content);
    }
    throw new BadFileException(source + ": neither a JPEG nor a PNG image");
  }

  /**
   * The brightness of every pixel in all three channels, as Pillow's {@code convert("L")} computes
   * it (ITU-R 601-2, rounded).
   */
  public RgbImage grey() {
    byte[] grey = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i += CHANNELS) {
      int sum =
          (rgb[i] & 0xFF) * RED
              + (rgb[i + 1] & 0xFF) * GREEN
              + (rgb[i + 2] & 0xFF) * BLUE
              + (1 << GREY_SHIFT - 1);
      byte level = (byte) (sum >> GREY_SHIFT);
      grey[i] = level;
      grey[i + 1] = level;
      grey[i + 2] = level;
    }
    return new RgbImage(width, height, grey);
  }

  /** One channel (0 red, 1 green, 2 blue) of a pixel, 0 to 255. */
  public int get(int x, int y, int channel) {
    return rgb[(y * width + x) * CHANNELS + channel] & 0xFF;
  }

  static void requireSize(String source, long width, long height) {
    if (width < 1 || height < 1) {
      throw new BadFileException("%s: says it has %d x %d pixels".formatted(source, width, height));
    }
    if (width * height > MOST_PIXELS) {
      throw new BadFileException(
          "%s: has %d x %d pixels, allowed are %d; make it smaller first"
              .formatted(source, width, height, MOST_PIXELS));
    }
  }

  @Override
  public String toString() {
    return "RgbImage " + width + " x " + height;
  }
}
