package nibble.cli.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SyntheticImagesTest {
  private static final int SIZE = 48;

  /**
   * The bytes of the first 256 test pictures: every runtime and processor must make exactly these.
   * Changing the generator means training the shipped model again.
   */
  @Test
  void picturesAreTheSameEverywhere() {
    assertEquals(
        "58a4691fc7b393853eeaac82b259bf26e8cfb7166a4b66e3e62c19e7c375f9f6",
        digest(Split.TEST, 1, SIZE, 256));
  }

  @Test
  void aPictureDoesNotDependOnWhatWasDrawnBefore() {
    byte[] first = new byte[3 * SIZE * SIZE];
    byte[] again = new byte[3 * SIZE * SIZE];
    SyntheticImages images = new SyntheticImages(Split.TRAIN, 3, SIZE);
    for (long index : new long[] {0, 63, 64, 1_000_000_007L, (1L << 40) - 1}) {
      int label = images.render(index, first);
      images.render(5, again);
      assertEquals(label, images.render(index, again));
      assertArrayEquals(first, again);
      assertEquals(label, images.label(index));
    }
  }

  @Test
  void everyBlockOfPicturesHoldsEachClassOnce() {
    SyntheticImages images = new SyntheticImages(Split.TRAIN, 11, SIZE);
    Set<String> orders = new HashSet<>();
    for (long block = 0; block < 20; block++) {
      int[] labels = new int[ClassNames.COUNT];
      for (int i = 0; i < labels.length; i++) {
        labels[i] = images.label(block * labels.length + i);
      }
      orders.add(Arrays.toString(labels));
      assertEquals(ClassNames.COUNT, Arrays.stream(labels).distinct().count());
    }
    assertEquals(20, orders.size(), "each block has an order of its own");
  }

  @Test
  void noPictureOccursTwiceInOrAcrossSplitsAndSeeds() throws NoSuchAlgorithmException {
    Set<String> seen = new HashSet<>();
    byte[] rgb = new byte[3 * 32 * 32];
    for (long seed = 1; seed <= 2; seed++) {
      for (Split split : Split.values()) {
        SyntheticImages images = new SyntheticImages(split, seed, 32);
        for (int i = 0; i < 500; i++) {
          images.render(i, rgb);
          assertTrue(
              seen.add(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(rgb))));
        }
      }
    }
  }

  @Test
  void picturesUseTheWholeRangeOfValues() {
    SyntheticImages images = new SyntheticImages(Split.TRAIN, 5, SIZE);
    byte[] rgb = new byte[3 * SIZE * SIZE];
    int[] histogram = new int[256];
    for (int i = 0; i < 200; i++) {
      images.render(i, rgb);
      for (byte value : rgb) {
        histogram[value & 0xFF]++;
      }
    }
    assertTrue(Arrays.stream(histogram).allMatch(count -> count > 0));
    double saturated = (histogram[0] + histogram[255]) / (200.0 * rgb.length);
    assertTrue(saturated < 0.12, () -> "saturated share " + saturated);
  }

  /**
   * Nearest class mean in mean colour, learned on one half and tested on the other: must stay near
   * chance, 1 in 64.
   */
  @Test
  void theMeanColourDoesNotTellTheClass() {
    int perHalf = 64 * 40;
    SyntheticImages images = new SyntheticImages(Split.TRAIN, 2, 32);
    double[][] classMean = new double[ClassNames.COUNT][3];
    byte[] rgb = new byte[images.bytesPerImage()];
    for (int i = 0; i < perHalf; i++) {
      int label = images.render(i, rgb);
      double[] mean = meanColour(rgb);
      for (int c = 0; c < 3; c++) {
        classMean[label][c] += mean[c] / 40;
      }
    }
    int right = 0;
    for (int i = perHalf; i < 2 * perHalf; i++) {
      int label = images.render(i, rgb);
      right += nearest(classMean, meanColour(rgb)) == label ? 1 : 0;
    }
    assertTrue(right < 0.05 * perHalf, right + " of " + perHalf + " guessed from colour");
  }

  @Test
  void otherSizesShowTheSameClasses() {
    for (int size : new int[] {16, 33, 224}) {
      SyntheticImages images = new SyntheticImages(Split.TEST, 1, size);
      assertEquals(
          new SyntheticImages(Split.TEST, 1, SIZE).label(77),
          images.render(77, new byte[3 * size * size]));
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    SyntheticImages images = new SyntheticImages(Split.TEST, 1, SIZE);
    assertThrows(IllegalArgumentException.class, () -> new SyntheticImages(Split.TEST, 1, 15));
    assertThrows(IllegalArgumentException.class, () -> images.render(0, new byte[10]));
    assertThrows(IndexOutOfBoundsException.class, () -> images.label(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> images.label(1L << 40));
    assertThrows(IndexOutOfBoundsException.class, () -> ClassNames.of(ClassNames.COUNT));
  }

  @Test
  void classNamesAreDistinctWords() {
    assertEquals(64, ClassNames.COUNT);
    assertEquals(64, new HashSet<>(ClassNames.all()).size());
    assertEquals(
        "striped star", ClassNames.of(4 * ShapeFamily.STAR.ordinal() + Fill.STRIPED.ordinal()));
  }

  private static double[] meanColour(byte[] rgb) {
    double[] mean = new double[3];
    for (int i = 0; i < rgb.length; i++) {
      mean[i % 3] += (rgb[i] & 0xFF) * 3.0 / rgb.length;
    }
    return mean;
  }

  private static int nearest(double[][] means, double[] colour) {
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int label = 0; label < means.length; label++) {
      double squared = 0;
      for (int c = 0; c < 3; c++) {
        squared += (means[label][c] - colour[c]) * (means[label][c] - colour[c]);
      }
      if (squared < least) {
        least = squared;
        best = label;
      }
    }
    return best;
  }

  private static String digest(Split split, long seed, int size, int count) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      SyntheticImages images = new SyntheticImages(split, seed, size);
      byte[] rgb = new byte[images.bytesPerImage()];
      for (int i = 0; i < count; i++) {
        digest.update((byte) images.render(i, rgb));
        digest.update(rgb);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
