package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

/** Rows that are mapped on the way to their codes have the codes of rows that were mapped first. */
class RowMapTest {
  private final IntGemm[] kernels = {new ScalarIntGemm(), IntGemm.best()};

  @Provide
  Arbitrary<ActivationQuantizer> quantizers() {
    return Combinators.combine(
            Arbitraries.of(4, 8, 3), Arbitraries.of(true, false), Arbitraries.of(1f, 0.9f))
        .as(ActivationQuantizer.PerToken::new);
  }

  @Property(tries = 100)
  void aTransformOnTheWayEqualsTransformThenQuantize(
      @ForAll("lengths") int n,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 3) int workers,
      @ForAll long seed) {
    HadamardTransform transform = HadamardTransform.of(n);
    RowMap map =
        (length, x, xAt, row, scratch) -> {
          System.arraycopy(x, xAt, row, 0, length);
          transform.forward(1, row, 0, scratch);
        };
    int offset = 3;
    int xStride = n + 5;
    float[] x = Cases.activations(new Random(seed), offset + rows * xStride);
    float[] kept = x.clone();
    float[] mapped = new float[rows * n];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(x, offset + r * xStride, mapped, r * n, n);
    }
    transform.forward(rows, mapped, 0, new Scratch());
    int stride = QuantizedRows.stride(n);
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      for (IntGemm gemm : kernels) {
        float[] levels = new float[2 + rows * stride];
        float[] grid = new float[1 + 2 * rows];
        gemm.quantize(rows, n, x, offset, xStride, map, quantizer, levels, 2, grid, 1, splitter);
        float[] wantedLevels = new float[2 + rows * stride];
        float[] wantedGrid = new float[1 + 2 * rows];
        gemm.quantize(rows, n, mapped, 0, n, quantizer, wantedLevels, 2, wantedGrid, 1, splitter);
        assertArrayEquals(wantedGrid, grid);
        assertArrayEquals(wantedLevels, levels);
        assertArrayEquals(kept, x);
      }
    }
  }

  /** Powers of two below and above the vectors, and lengths with a factor. */
  @Provide
  Arbitrary<Integer> lengths() {
    return Arbitraries.of(1, 2, 8, 64, 512, 1024, 2048, 12, 24, 192, 768, 1536);
  }

  @Test
  void onlyWhatWorksInPlaceStandsBehindAnother() {
    RowMap twice =
        new RowMap() {
          @Override
          public void apply(int n, float[] x, int xAt, float[] row, Scratch scratch) {
            for (int i = 0; i < n; i++) {
              row[i] = 2 * x[xAt + i];
            }
          }

          @Override
          public boolean worksInPlace() {
            return true;
          }
        };
    RowMap backwards =
        (n, x, xAt, row, scratch) -> {
          for (int i = 0; i < n; i++) {
            row[i] = x[xAt + n - 1 - i];
          }
        };
    float[] row = new float[3];
    backwards.then(twice).apply(3, new float[] {0, 1, 2, 3}, 1, row, new Scratch());
    assertArrayEquals(new float[] {6, 4, 2}, row);
    assertFalse(backwards.then(twice).worksInPlace());
    assertTrue(twice.then(twice).worksInPlace());
    assertThrows(IllegalArgumentException.class, () -> twice.then(backwards));
  }

  @Test
  void aMapThatRefusesItsRowsStopsTheCall() {
    RowMap refusing =
        (length, x, xAt, row, scratch) -> {
          throw new IllegalArgumentException("rows of " + length);
        };
    try (WorkSplitter splitter = WorkSplitter.serial()) {
      for (IntGemm gemm : kernels) {
        for (int rows : new int[] {1, 9}) {
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  gemm.quantize(
                      rows,
                      8,
                      new float[8 * rows],
                      0,
                      8,
                      refusing,
                      ActivationQuantizer.perToken(4, true),
                      new float[rows * QuantizedRows.stride(8)],
                      0,
                      new float[2 * rows],
                      0,
                      splitter));
        }
      }
    }
  }
}
