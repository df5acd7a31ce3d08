package nibble.loaders.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.BadFileException;
import org.junit.jupiter.api.Test;

class ResizeTest {
  private static RgbImage grey(int width, int height, int... values) {
    byte[] rgb = new byte[width * height * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) values[i / 3];
    }
    return new RgbImage(width, height, rgb);
  }

  private static int[] red(RgbImage image) {
    return IntStream.range(0, image.width() * image.height())
        .map(i -> image.get(i % image.width(), i / image.width(), 0))
        .toArray();
  }

  @Test
  void bilinearByHand() {
    // weights 0.75 0.75 0.25 of the three nearest: (12 + 6) / 1.75 and (4 + 18 + 30) / 1.75
    assertArrayEquals(
        new int[] {10, 30}, red(Resize.to(grey(4, 1, 0, 16, 24, 40), 2, 1, Resampling.BILINEAR)));
    assertArrayEquals(
        new int[] {0, 25, 75, 100}, red(Resize.to(grey(2, 1, 0, 100), 4, 1, Resampling.BILINEAR)));
    assertArrayEquals(
        new int[] {0, 25, 75, 100}, red(Resize.to(grey(1, 2, 0, 100), 1, 4, Resampling.BILINEAR)));
  }

  @Test
  void bicubicByHand() {
    // at distance 0.25 and 0.75: a = -0.5 gives 0.8671875 and 0.2265625, at 1.25 -0.0703125,
    // renormalized where a neighbour is missing
    assertArrayEquals(
        expectedBicubic(), red(Resize.to(grey(2, 1, 0, 100), 4, 1, Resampling.BICUBIC)));
  }

  private static int[] expectedBicubic() {
    double near = 0.8671875;
    double middle = 0.2265625;
    double far = -0.0703125;
    int low = (int) Math.round(Math.max(0, 100 * far / (near + far)));
    return new int[] {
      low,
      (int) Math.round(100 * middle / (near + middle)),
      (int) Math.round(100 * near / (near + middle)),
      (int) Math.round(100 * near / (near + far))
    };
  }

  @Property(tries = 100)
  void constantImagesStayConstant(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll @IntRange(min = 1, max = 40) int toWidth,
      @ForAll @IntRange(min = 1, max = 40) int toHeight,
      @ForAll @IntRange(max = 255) int value,
      @ForAll Resampling filter) {
    int[] values = new int[width * height];
    Arrays.fill(values, value);
    RgbImage resized = Resize.to(grey(width, height, values), toWidth, toHeight, filter);
    assertEquals(toWidth, resized.width());
    assertEquals(toHeight, resized.height());
    assertArrayEquals(
        IntStream.range(0, toWidth * toHeight).map(_ -> value).toArray(), red(resized));
  }

  @Test
  void sameSizeIsTheSameImage() {
    RgbImage image = grey(2, 1, 1, 2);
    assertSame(image, Resize.to(image, 2, 1, Resampling.BICUBIC));
    assertThrows(IllegalArgumentException.class, () -> Resize.to(image, 0, 1, Resampling.BICUBIC));
  }

  @Test
  void shortestEdgeRoundsTheLongSideDown() {
    assertEquals(
        "RgbImage 4 x 6",
        new ResizeRule.ShortestEdge(4)
            .apply(grey(3, 5, new int[15]), Resampling.BILINEAR)
            .toString());
    assertEquals(
        "RgbImage 6 x 4",
        new ResizeRule.ShortestEdge(4)
            .apply(grey(5, 3, new int[15]), Resampling.BILINEAR)
            .toString());
    RgbImage line = grey(5000, 1, new int[5000]);
    assertThrows(
        BadFileException.class,
        () -> new ResizeRule.ShortestEdge(1000).apply(line, Resampling.BILINEAR));
  }

  @Test
  void centreCropCutsAndPads() {
    assertArrayEquals(new int[] {2, 3}, red(cropped(grey(4, 1, 1, 2, 3, 4), 2, 1)));
    assertArrayEquals(new int[] {1, 2}, red(cropped(grey(3, 1, 1, 2, 3), 2, 1))); // 0.5 rounds to 0
    assertArrayEquals(
        new int[] {3, 4}, red(cropped(grey(5, 1, 1, 2, 3, 4, 5), 2, 1))); // 1.5 rounds to 2
    assertArrayEquals(new int[] {0, 7, 0, 0}, red(cropped(grey(1, 1, 7), 4, 1)));
    CentreCrop down = new CentreCrop(new PixelSize(1, 2), CentreCrop.Margin.DOWN);
    assertArrayEquals(new int[] {2, 3}, red(down.apply(grey(5, 1, 1, 2, 3, 4, 5))));
    assertArrayEquals(new int[] {0, 0, 2, 3, 0, 0}, red(cropped(grey(4, 1, 1, 2, 3, 4), 2, 3)));
  }

  private static RgbImage cropped(RgbImage image, int width, int height) {
    return new CentreCrop(new PixelSize(height, width), CentreCrop.Margin.HALF_EVEN).apply(image);
  }
}
