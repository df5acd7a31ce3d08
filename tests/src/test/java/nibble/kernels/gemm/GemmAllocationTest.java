package nibble.kernels.gemm;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.VectorSupport;
import nibble.kernels.rowwise.Activation;
import nibble.testing.Allocations;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A compiled vector kernel keeps vectors in registers: one that allocates is many times slower. */
class GemmAllocationTest {
  private static final long BYTES_PER_CALL = 256;
  private static final int CALLS = 200;

  private final Gemm gemm = Gemm.best();
  private final float[] x = new float[64 * 96];
  private final float[] w = new float[96 * 96];
  private final float[] out = new float[64 * 96];

  @BeforeEach
  void vectorsAreNative() {
    assumeTrue(VectorSupport.isAvailable(), "the vector module is not resolved");
    assumeTrue(
        Lanes.SHAPE.vectorBitSize() <= FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        "vectors wider than the machine's are emulated");
  }

  @Test
  void stridedProduct() {
    Scratch scratch = new Scratch();
    assertNoAllocation(
        () -> gemm.gemm(64, 96, 96, 1, x, 0, 96, 1, w, 0, 96, 1, false, out, 0, 96, scratch));
    assertNoAllocation(
        () -> gemm.gemm(62, 95, 96, 0.5f, x, 0, 1, 62, w, 0, 1, 96, true, out, 0, 96, scratch));
  }

  @ParameterizedTest
  @EnumSource
  void packedProduct(WeightType type) {
    MemorySegment weights = MemorySegment.ofArray(w);
    PackedMatrix packed = gemm.pack(weights, 0, type, 96, 96);
    try (WorkSplitter splitter = WorkSplitter.serial()) {
      for (int rows : new int[] {64, 61, 3, 2, 1}) {
        assertNoAllocation(
            () -> gemm.multiply(rows, x, 0, 96, packed, Epilogue.NONE, out, 0, 96, splitter));
      }
    }
  }

  @Test
  void epilogue() {
    PackedMatrix packed = gemm.pack(MemorySegment.ofArray(w), 0, WeightType.F32, 96, 96);
    float[] bias = new float[96];
    Epilogue epilogue = Epilogue.ofBias(bias).then(Activation.GELU).plus(x, 0, 96);
    try (WorkSplitter splitter = WorkSplitter.serial()) {
      assertNoAllocation(() -> gemm.multiply(61, x, 0, 96, packed, epilogue, out, 0, 96, splitter));
    }
  }

  private static void assertNoAllocation(Runnable call) {
    Allocations.assertAtMost(BYTES_PER_CALL, "a product", CALLS, call);
  }
}
