package nibble.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.PeakFma;
import nibble.kernels.platform.VectorSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Notices a kernel that has become twice as slow, by its ratio to a loop on registers in the same
 * Java. Not one of the unit tests: the build runs it in a Java of its own. Kernel and loop are
 * timed in turn, by the processor time of the thread, and one good pair of many is enough: other
 * programs make a pair bad, but none makes a slow kernel fast. Limits leave room for such noise:
 * they are about half of what the kernels reach, by estimate, with vectors of 512 and of 256 bits.
 */
class FloatKernelSpeedGuard {
  private static final int TOKENS = 197;
  private static final int WIDTH = 768;
  private static final int PAIRS = 300;
  private static final double SECONDS = 0.004;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Gemm gemm = Gemm.best();
  private final float[] x = filled(TOKENS * WIDTH);
  private final float[] w = filled(WIDTH * WIDTH);
  private final float[] y = new float[TOKENS * WIDTH];
  private float sink;

  @BeforeEach
  void vectorsAreNative() {
    assumeTrue(VectorSupport.isAvailable(), "the vector module is not resolved");
    assumeTrue(
        Lanes.SHAPE.vectorBitSize() <= FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        "vectors wider than the machine's are emulated");
  }

  @Test
  void productWithPackedWeights() {
    PackedMatrix packed = gemm.pack(MemorySegment.ofArray(w), 0, WeightType.F32, WIDTH, WIDTH);
    try (WorkSplitter splitter = WorkSplitter.serial()) {
      check(
          0.4,
          product(TOKENS),
          () -> gemm.multiply(TOKENS, x, 0, WIDTH, packed, Epilogue.NONE, y, 0, WIDTH, splitter));
    }
  }

  @Test
  void productOfTransposedOperands() {
    Scratch scratch = new Scratch();
    check(
        0.3,
        product(TOKENS),
        () ->
            gemm.gemm(
                TOKENS, WIDTH, WIDTH, 1, x, 0, 1, TOKENS, w, 0, 1, WIDTH, false, y, 0, WIDTH,
                scratch));
  }

  @Test
  void oneRow() {
    for (WeightType type : WeightType.values()) {
      byte[] zeros = new byte[WIDTH * WIDTH * type.bytes()];
      PackedMatrix packed = gemm.pack(MemorySegment.ofArray(zeros), 0, type, WIDTH, WIDTH);
      try (WorkSplitter splitter = WorkSplitter.serial()) {
        check(
            0.04,
            product(1),
            () -> gemm.multiply(1, x, 0, WIDTH, packed, Epilogue.NONE, y, 0, WIDTH, splitter));
      }
    }
  }

  @Test
  void hadamardTransforms() {
    Scratch scratch = new Scratch();
    HadamardTransform power = HadamardTransform.of(1024);
    float[] rows = new float[64 * 1024];
    check(0.05, 64.0 * 1024 * 10, () -> power.forward(64, rows, 0, scratch));
    HadamardTransform general = HadamardTransform.of(WIDTH); // 12 x 64
    check(0.05, 64.0 * WIDTH * (6 + 12), () -> general.forward(64, rows, 0, scratch));
  }

  private static double product(int rows) {
    return 2.0 * rows * WIDTH * WIDTH;
  }

  /**
   * Fails unless the kernel's operations per second are at least {@code least} of those of {@link
   * PeakFma}.
   */
  private void check(double least, double operations, Runnable kernel) {
    PeakFma peak = PeakFma.best();
    int rounds = 4000;
    double best = 0;
    for (int pair = 0; pair < PAIRS && best < least; pair++) {
      double reference =
          rate(
              (double) rounds * peak.operationsPerRound(), () -> sink += peak.run(rounds, 0.5f, 1));
      best = Math.max(best, rate(operations, kernel) / reference);
    }
    assertTrue(
        best >= least,
        "%.3f of the multiply-adds on registers, expected at least %.3f".formatted(best, least));
  }

  private static double rate(double operations, Runnable call) {
    long start = THREADS.getCurrentThreadCpuTime();
    long now = start;
    int calls = 0;
    for (; now - start < SECONDS * 1e9; now = THREADS.getCurrentThreadCpuTime()) {
      call.run();
      calls++;
    }
    return calls * operations / (now - start);
  }

  private static float[] filled(int count) {
    float[] values = new float[count];
    Arrays.fill(values, 0.5f);
    return values;
  }
}
