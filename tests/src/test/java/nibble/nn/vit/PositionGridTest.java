package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.tensor.Tensor;

class PositionGridTest {
  @Property(tries = 200)
  void weightsOfOnePlaceAddUpToOne(
      @ForAll @IntRange(min = 1, max = 40) int from,
      @ForAll @IntRange(min = 1, max = 40) int to,
      @ForAll boolean antialias) {
    Tensor weights = PositionGrid.weights(from, to, antialias);
    for (int i = 0; i < to; i++) {
      double sum = 0;
      for (int k = 0; k < from; k++) {
        sum += weights.get(i, k);
        assertEquals(weights.get(to - 1 - i, from - 1 - k), weights.get(i, k), 1e-6, "mirrored");
      }
      assertEquals(1, sum, 1e-6);
    }
  }

  @Property(tries = 40)
  void theSameGridStays(@ForAll @IntRange(min = 1, max = 40) int side, @ForAll boolean antialias) {
    Tensor weights = PositionGrid.weights(side, side, antialias);
    for (int i = 0; i < side; i++) {
      for (int k = 0; k < side; k++) {
        assertEquals(i == k ? 1 : 0, weights.get(i, k), 1e-6);
      }
    }
  }
}
