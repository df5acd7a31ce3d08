package nibble.loaders.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import nibble.loaders.BadFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RgbImageTest {
  private static byte[] encode(BufferedImage image, String format) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      assertTrue(ImageIO.write(image, format, out));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static BufferedImage painted(int type) {
    BufferedImage image = new BufferedImage(20, 12, type);
    for (int y = 0; y < 12; y++) {
      for (int x = 0; x < 20; x++) {
        image.setRGB(x, y, new Color(x * 12, y * 20, 255 - x * 12, 255 - y).getRGB());
      }
    }
    return image;
  }

  private static int[] pixel(RgbImage image, int x, int y) {
    return new int[] {image.get(x, y, 0), image.get(x, y, 1), image.get(x, y, 2)};
  }

  @Test
  void pngSamplesAreTakenAsTheyAre() {
    RgbImage rgb = RgbImage.decode("x.png", encode(painted(BufferedImage.TYPE_INT_RGB), "png"));
    RgbImage translucent =
        RgbImage.decode("x.png", encode(painted(BufferedImage.TYPE_INT_ARGB), "png"));
    assertEquals("RgbImage 20 x 12", rgb.toString());
    assertArrayEquals(new int[] {36, 100, 219}, pixel(rgb, 3, 5));
    assertArrayEquals(rgb.rgb(), translucent.rgb());
  }

  @Test
  void greyIsNotGammaCorrected() {
    BufferedImage image = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    for (int x = 0; x < 256; x++) {
      image.getRaster().setSample(x, 0, 0, x);
    }
    RgbImage png = RgbImage.decode("x.png", encode(image, "png"));
    for (int x = 0; x < 256; x++) {
      assertArrayEquals(new int[] {x, x, x}, pixel(png, x, 0));
    }
    BufferedImage flat = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
    flat.getRaster().setSamples(0, 0, 8, 8, 0, filled(64, 50));
    assertArrayEquals(
        new int[] {50, 50, 50}, pixel(RgbImage.decode("x.jpg", encode(flat, "jpeg")), 4, 4));
  }

  private static int[] filled(int length, int value) {
    int[] values = new int[length];
    Arrays.fill(values, value);
    return values;
  }

  @Test
  void palettesAndSixteenBitsBecomeRgb() {
    byte[] ramp = {0, 100, (byte) 200, (byte) 255};
    BufferedImage palette =
        new BufferedImage(
            4,
            1,
            BufferedImage.TYPE_BYTE_BINARY,
            new IndexColorModel(2, 4, ramp, new byte[4], ramp));
    for (int x = 0; x < 4; x++) {
      palette.getRaster().setSample(x, 0, 0, x);
    }
    assertArrayEquals(
        new int[] {200, 0, 200}, pixel(RgbImage.decode("x.png", encode(palette, "png")), 2, 0));
    BufferedImage deep = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    deep.getRaster().setSample(1, 0, 0, 0xABCD);
    assertArrayEquals(
        new int[] {0xAB, 0xAB, 0xAB}, pixel(RgbImage.decode("x.png", encode(deep, "png")), 1, 0));
  }

  @Test
  void jpegColoursAreThoseOfTheYccFormula() {
    BufferedImage flat = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (Color color :
        List.of(Color.RED, Color.GREEN, Color.BLUE, Color.WHITE, new Color(12, 200, 99))) {
      for (int i = 0; i < 256; i++) {
        flat.setRGB(i % 16, i / 16, color.getRGB());
      }
      int[] pixel = pixel(RgbImage.decode("x.jpg", encode(flat, "jpeg")), 8, 8);
      assertEquals(color.getRed(), pixel[0], 3);
      assertEquals(color.getGreen(), pixel[1], 3);
      assertEquals(color.getBlue(), pixel[2], 3);
    }
  }

  @Test
  void cmykBecomesRgb() throws IOException {
    byte[] inks = new byte[16 * 16 * 4];
    for (int i = 0; i < inks.length; i += 4) {
      inks[i] = (byte) 255; // full cyan, half black
      inks[i + 3] = (byte) 128;
    }
    byte[] plain = cmyk(inks);
    assertArrayEquals(new int[] {0, 127, 127}, pixel(RgbImage.decode("x.jpg", plain), 8, 8));
    for (int i = 0; i < inks.length; i++) {
      inks[i] = (byte) (255 - inks[i]);
    }
    byte[] adobe = withAdobeMarker(cmyk(inks));
    assertArrayEquals(new int[] {0, 127, 127}, pixel(RgbImage.decode("x.jpg", adobe), 8, 8));
  }

  private static byte[] cmyk(byte[] samples) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
      writer.setOutput(out);
      var buffer = new DataBufferByte(samples, samples.length);
      writer.write(
          new IIOImage(
              Raster.createInterleavedRaster(buffer, 16, 16, 64, 4, new int[] {0, 1, 2, 3}, null),
              null,
              null));
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static byte[] withAdobeMarker(byte[] jpeg) {
    byte[] marker = {
      (byte) 0xFF, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
    };
    byte[] out = new byte[jpeg.length + marker.length];
    System.arraycopy(jpeg, 0, out, 0, 2);
    System.arraycopy(marker, 0, out, 2, marker.length);
    System.arraycopy(jpeg, 2, out, 2 + marker.length, jpeg.length - 2);
    return out;
  }

  @Test
  void truncatedImagesAreRefused() {
    for (String format : List.of("jpeg", "png")) {
      byte[] whole = encode(painted(BufferedImage.TYPE_INT_RGB), format);
      int end =
          format.equals("png")
              ? whole.length
              : whole.length - 2; // a JPEG without its end marker has all pixels
      for (int length = 0; length < end; length += 7) {
        byte[] part = Arrays.copyOf(whole, length);
        String message =
            assertThrows(
                    BadFileException.class,
                    () -> RgbImage.decode("x", part),
                    format + " of " + length)
                .getMessage();
        assertEquals(1, message.lines().count());
      }
    }
  }

  @Test
  void hugeDimensionsAreRefusedBeforeDecoding() {
    byte[] png = encode(painted(BufferedImage.TYPE_INT_RGB), "png");
    Arrays.fill(png, 17, 20, (byte) 0xFF);
    Arrays.fill(png, 21, 24, (byte) 0xFF);
    assertRefused(png, "x: damaged PNG: the checksum of the chunk at byte 8 is wrong");
    assertRefused(
        withHeaderChecksum(png), "x: has 16777215 x 16777215 pixels, allowed are 100000000");
    png[16] = (byte) 0xFF;
    assertRefused(withHeaderChecksum(png), "x: says it has -1 x 16777215 pixels");
    byte[] jpeg = encode(painted(BufferedImage.TYPE_INT_RGB), "jpeg");
    int frame = 2;
    while ((jpeg[frame + 1] & 0xFF) != 0xC0) {
      frame += 2 + ((jpeg[frame + 2] & 0xFF) << 8 | jpeg[frame + 3] & 0xFF);
    }
    Arrays.fill(jpeg, frame + 5, frame + 9, (byte) 0xFF);
    assertRefused(jpeg, "x: has 65535 x 65535 pixels");
    Arrays.fill(jpeg, frame + 5, frame + 7, (byte) 0);
    assertRefused(jpeg, "x: says it has 65535 x 0 pixels");
  }

  private static byte[] withHeaderChecksum(byte[] png) {
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    return png;
  }

  @Test
  void otherFilesAreRefused(@TempDir Path folder) throws IOException {
    assertRefused(new byte[0], "x: neither a JPEG nor a PNG image");
    assertRefused(
        "GIF89a".getBytes(StandardCharsets.US_ASCII), "x: neither a JPEG nor a PNG image");
    assertRefused(new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF}, "x: truncated JPEG");
    assertRefused(
        new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xD9}, "x: damaged JPEG");
    Path file = Files.writeString(folder.resolve("a.jpg"), "text");
    assertThrows(BadFileException.class, () -> RgbImage.decode(file));
    assertThrows(BadFileException.class, () -> RgbImage.decode(folder));
    assertThrows(BadFileException.class, () -> RgbImage.decode(folder.resolve("none.jpg")));
  }

  private static void assertRefused(byte[] content, String start) {
    String message =
        assertThrows(BadFileException.class, () -> RgbImage.decode("x", content)).getMessage();
    assertTrue(message.startsWith(start), message);
  }

  @Property(tries = 200)
  void mutatedImagesAreDecodedOrRefused(
      @ForAll @Size(min = 1, max = 3) List<@IntRange(max = 1 << 20) Integer> places,
      @ForAll byte value,
      @ForAll boolean png) {
    byte[] content = encode(painted(BufferedImage.TYPE_INT_RGB), png ? "png" : "jpeg");
    for (int place : places) {
      content[place % content.length] = value;
    }
    try {
      RgbImage.decode("x", png ? withHeaderChecksum(content) : content);
    } catch (BadFileException e) {
      assertEquals(1, e.getMessage().lines().count());
    }
  }
}
