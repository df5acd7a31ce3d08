package nibble.cli.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngWriterTest {
  @Test
  void imageIoReadsBackEveryPixel() throws IOException {
    int width = 31;
    int height = 17;
    byte[] rgb = new byte[3 * width * height];
    new Random(4).nextBytes(rgb);
    BufferedImage image =
        ImageIO.read(new ByteArrayInputStream(PngWriter.encode(rgb, width, height)));
    assertEquals(width, image.getWidth());
    assertEquals(height, image.getHeight());
    for (int i = 0; i < width * height; i++) {
      int expected =
          (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | rgb[3 * i + 2] & 0xFF;
      assertEquals(expected, image.getRGB(i % width, i / width) & 0xFFFFFF);
    }
  }

  @Test
  void wrongSizesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> PngWriter.encode(new byte[11], 2, 2));
    assertThrows(IllegalArgumentException.class, () -> PngWriter.encode(new byte[0], 0, 0));
  }
}
