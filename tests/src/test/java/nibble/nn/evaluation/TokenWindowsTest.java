package nibble.nn.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.TokenIds;
import org.junit.jupiter.api.Test;

class TokenWindowsTest {
  private static final int FIRST = 1_000_000;

  /** Every token is scored once, in order, with the tokens before it in front of it. */
  @Property(tries = 500)
  void everyTokenIsScoredOnce(
      @ForAll @IntRange(min = 2, max = 20) int window,
      @ForAll @IntRange(min = 1, max = 19) int stride,
      @ForAll @IntRange(max = 60) int length,
      @ForAll boolean first) {
    int step = Math.min(stride, window - 1);
    int[] text = IntStream.range(0, length).toArray();
    List<Integer> scored = new ArrayList<>();
    for (var w :
        new TokenWindows(window, step, first ? OptionalInt.of(FIRST) : OptionalInt.empty())
            .of(text)) {
      assertTrue(
          w.ids().length <= window && w.scoredFrom() >= 1 && w.scoredFrom() < w.ids().length,
          "window " + w.ids().length);
      for (int i = 0; i < w.ids().length; i++) {
        if (first && i == 0) {
          assertEquals(FIRST, w.ids()[0]);
        } else if (i > 0 && w.ids()[i - 1] != FIRST) {
          assertEquals(w.ids()[i - 1] + 1, w.ids()[i]);
        }
        if (i >= w.scoredFrom()) {
          scored.add(w.ids()[i]);
          boolean deep = w.ids()[i] < window - 1 || i >= window - step;
          assertTrue(deep, "token " + w.ids()[i] + " has only " + i + " tokens before it");
        }
      }
    }
    assertEquals(IntStream.range(first ? 0 : Math.min(1, length), length).boxed().toList(), scored);
  }

  @Test
  void randomWindowsAreParts() {
    int[] text = IntStream.range(100, 200).toArray();
    var windows = TokenWindows.random(text, 10, 5, new Random(1));
    assertEquals(5, windows.size());
    for (var window : windows) {
      int[] ids = TokenIds.of(window).flat();
      assertArrayEquals(IntStream.range(ids[0], ids[0] + 10).toArray(), ids);
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> TokenWindows.random(text, 101, 1, new Random(1)))
            .getMessage();
    assertEquals(
        "the calibration text has 100 tokens, a window 101; pass more text or a shorter window",
        message);
  }

  @Test
  void spearmanSharesRanks() {
    assertEquals(
        1, Correlation.spearman(new double[] {1, 2, 3}, new double[] {10, 100, 1000}), 1e-15);
    assertEquals(-1, Correlation.spearman(new double[] {1, 2, 3}, new double[] {3, 2, 1}), 1e-15);
    // ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5
    assertEquals(
        4.5 / Math.sqrt(4.5 * 5),
        Correlation.spearman(new double[] {1, 2, 2, 3}, new double[] {1, 2, 3, 4}),
        1e-15);
    assertThrows(
        IllegalArgumentException.class,
        () -> Correlation.spearman(new double[] {1, Double.NaN}, new double[] {1, 2}));
    assertThrows(
        IllegalArgumentException.class,
        () -> Correlation.spearman(new double[] {1}, new double[] {1}));
  }

  @Test
  void wrongWindowsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new TokenWindows(1, 1, OptionalInt.empty()));
    assertThrows(IllegalArgumentException.class, () -> new TokenWindows(8, 8, OptionalInt.empty()));
    assertThrows(IllegalArgumentException.class, () -> new TokenWindows(8, 0, OptionalInt.of(1)));
  }
}
