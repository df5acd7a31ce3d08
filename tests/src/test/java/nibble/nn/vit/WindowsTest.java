package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** All grids up to 9 x 9, all windows in them, all shifts. */
class WindowsTest {
  private static final int LARGEST = 9;

  /** What is checked for one grid. */
  private interface Check {
    void of(int side, int window, int shift);
  }

  private static void everywhere(Check check) {
    for (int side = 1; side <= LARGEST; side++) {
      for (int window = 1; window <= side; window++) {
        for (int shift = 0; shift < window; shift++) {
          check.of(side, window, shift);
        }
      }
    }
  }

  @Test
  void joinIsTheWayBack() {
    try (Ops ops = Ops.serial()) {
      everywhere(
          (side, window, shift) -> {
            Windows windows = new Windows(side, window, shift);
            float[] values = new float[2 * side * side * 3];
            for (int i = 0; i < values.length; i++) {
              values[i] = i + 1;
            }
            Tensor split = windows.split(ops, Tensor.of(values, 2, side * side, 3));
            assertArrayEquals(
                new int[] {2 * windows.count(), window * window, 3}, split.shape().dims());
            assertArrayEquals(values, windows.join(ops, split).toFloats());
          });
    }
  }

  /** Patches of one window see each other exactly where they were as near before the shift. */
  @Test
  void onlyNeighboursSeeEachOther() {
    everywhere(
        (side, window, shift) -> {
          Tensor mask = new Windows(side, window, shift).mask();
          if (shift == 0) {
            assertNull(mask);
            return;
          }
          assertNotNull(mask);
          int padded = Math.ceilDiv(side, window) * window;
          for (int w = 0; w < mask.dim(0); w++) {
            int top = w / (padded / window) * window;
            int left = w % (padded / window) * window;
            for (int i = 0; i < window * window; i++) {
              for (int j = 0; j < window * window; j++) {
                boolean rows =
                    apart(top + i / window, top + j / window, padded, shift)
                        == i / window - j / window;
                boolean columns =
                    apart(left + i % window, left + j % window, padded, shift)
                        == i % window - j % window;
                assertEquals(rows && columns ? 0 : -100, mask.get(w, 0, i, j));
              }
            }
          }
        });
  }

  /** How far two rows or columns of the shifted grid were from each other in the grid before. */
  private static int apart(int a, int b, int padded, int shift) {
    return (a + shift) % padded - (b + shift) % padded;
  }
}
