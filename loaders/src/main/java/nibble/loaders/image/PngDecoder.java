package nibble.loaders.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import nibble.loaders.BadFileException;

/**
 * Decodes PNG files and takes the samples as they are stored: no gamma, no profile, transparency
 * dropped.
 */
final class PngDecoder {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  private PngDecoder() {}

  static boolean isPng(byte[] content) {
    return content.length >= SIGNATURE.length
        && Arrays.equals(content, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  static RgbImage decode(String source, byte[] content) {
    PngChunks.check(source, content);
    ByteBuffer size = ByteBuffer.wrap(content, 16, 8);
    RgbImage.requireSize(source, size.getInt(), size.getInt());
    BufferedImage image = image(source, content);
    Raster raster = image.getRaster();
    byte[] rgb =
        new byte[Math.multiplyExact(image.getWidth() * image.getHeight(), RgbImage.CHANNELS)];
    int[] row = new int[image.getWidth() * raster.getNumBands()];
    for (int y = 0; y < image.getHeight(); y++) {
      raster.getPixels(0, y, image.getWidth(), 1, row);
      int at = y * image.getWidth() * RgbImage.CHANNELS;
      if (image.getColorModel() instanceof IndexColorModel palette) {
        paletteRow(row, palette, rgb, at);
      } else {
        componentRow(
            row, raster.getNumBands(), image.getColorModel().getComponentSize(0) - 8, rgb, at);
      }
    }
    return new RgbImage(image.getWidth(), image.getHeight(), rgb);
  }

  private static void paletteRow(int[] row, IndexColorModel palette, byte[] rgb, int at) {
    for (int x = 0; x < row.length; x++) {
      int colour = palette.getRGB(row[x]);
      rgb[at + 3 * x] = (byte) (colour >> 16);
      rgb[at + 3 * x + 1] = (byte) (colour >> 8);
      rgb[at + 3 * x + 2] = (byte) colour;
    }
  }

  /** Bands are grey, grey and alpha, RGB, or RGB and alpha. */
  private static void componentRow(int[] row, int bands, int shift, byte[] rgb, int at) {
    int second = bands >= 3 ? 1 : 0;
    for (int x = 0; x < row.length / bands; x++) {
      rgb[at + 3 * x] = (byte) (row[bands * x] >> shift);
      rgb[at + 3 * x + 1] = (byte) (row[bands * x + second] >> shift);
      rgb[at + 3 * x + 2] = (byte) (row[bands * x + 2 * second] >> shift);
    }
  }

  private static BufferedImage image(String source, byte[] content) {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      List<String> damage = new ArrayList<>();
      reader.addIIOReadWarningListener((_, warning) -> damage.add(warning));
      reader.setInput(in, true, true);
      BufferedImage image = reader.read(0);
      if (!damage.isEmpty()) {
        throw new IOException(damage.getFirst());
      }
      return image;
    } catch (IOException | RuntimeException e) {
      throw new BadFileException(source + ": damaged PNG: " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }
}
