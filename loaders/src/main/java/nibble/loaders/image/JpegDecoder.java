package nibble.loaders.image;

import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import nibble.loaders.BadFileException;

/**
 * Decodes JPEG files to raw components with the decoder of the JDK (libjpeg's accurate integer DCT
 * and smooth chroma upsampling) and converts colours itself, so that no colour management
 * interferes.
 */
final class JpegDecoder {
  private JpegDecoder() {}

  static RgbImage decode(String source, byte[] content) {
    JpegHeader header = JpegHeader.read(source, content);
    RgbImage.requireSize(source, header.width(), header.height());
    Raster raster = raster(source, content);
    if (raster.getWidth() != header.width()
        || raster.getHeight() != header.height()
        || raster.getNumBands() != header.colours().components) {
      throw new BadFileException(source + ": damaged JPEG: its headers contradict one another");
    }
    int pixels = header.width() * header.height();
    return new RgbImage(
        header.width(),
        header.height(),
        JpegColours.toRgb(samples(raster, pixels), pixels, header));
  }

  private static Raster raster(String source, byte[] content) {
    ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
    List<String> damage = new ArrayList<>();
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      reader.addIIOReadWarningListener((_, warning) -> addIfDamage(damage, warning));
      reader.setInput(in, true, true);
      Raster raster = reader.readRaster(0, null);
      if (!damage.isEmpty()) {
        throw new BadFileException(source + ": damaged JPEG: " + damage.getFirst());
      }
      return raster;
    } catch (BadFileException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new BadFileException(source + ": damaged JPEG: " + e.getMessage(), e);
    } finally {
      reader.dispose();
    }
  }

  /**
   * Stray bytes between segments are common in real files and harmless; every other warning means
   * that pixels are wrong.
   */
  private static void addIfDamage(List<String> damage, String warning) {
    if (!warning.contains("extraneous bytes")) {
      damage.add(warning);
    }
  }

  private static byte[] samples(Raster raster, int pixels) {
    int bands = raster.getNumBands();
    int[] inOrder = new int[bands];
    Arrays.setAll(inOrder, i -> i);
    if (raster.getDataBuffer() instanceof DataBufferByte buffer
        && raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && model.getPixelStride() == bands
        && model.getScanlineStride() == bands * raster.getWidth()
        && Arrays.equals(model.getBandOffsets(), inOrder)
        && buffer.getOffset() == 0
        && buffer.getSize() == pixels * bands) {
      return buffer.getData();
    }
    byte[] samples = new byte[Math.multiplyExact(pixels, bands)];
    int[] row = new int[raster.getWidth() * bands];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
      for (int i = 0; i < row.length; i++) {
        samples[y * row.length + i] = (byte) row[i];
      }
    }
    return samples;
  }
}
