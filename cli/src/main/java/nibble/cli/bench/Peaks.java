package nibble.cli.bench;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.PeakFma;
import nibble.kernels.rowwise.Reductions;

/**
 * What a number of threads of this machine can do at most, as measured.
 *
 * @param threads how many worked
 * @param flops floating-point operations per second on registers; a multiply-add counts as two
 * @param bytesPerSecond read from memory that no cache holds
 */
public record Peaks(int threads, double flops, double bytesPerSecond) {
  /**
   * Short calls, many of them: a method that is called often is compiled sooner than one that loops
   * for long.
   */
  private static final int ROUNDS = 1000;

  private static final int CALLS = 20;

  /** Enough that a thread that wakes late does not count. */
  private static final int TASKS_PER_WORKER = 32;

  /** Floats that are read: 128 MiB, more than most caches hold. */
  private static final int FLOATS = 1 << 25;

  /** Measures both, each until nothing has become faster for {@code seconds}. */
  static Peaks measure(WorkSplitter splitter, double seconds) {
    Stopwatch stopwatch = new Stopwatch(seconds);
    int workers = splitter.workers();
    PeakFma fma = PeakFma.best();
    int tasks = TASKS_PER_WORKER * workers;
    float[] sink = new float[16 * tasks]; // one cache line each
    double computing =
        stopwatch.secondsPerCall(() -> splitter.run(tasks, (i, _) -> sink[16 * i] = compute(fma)));
    float[] data = new float[FLOATS];
    Arrays.fill(data, 1);
    Reductions reductions = Reductions.best();
    int part = FLOATS / tasks;
    double reading =
        stopwatch.secondsPerCall(
            () ->
                splitter.run(tasks, (i, _) -> sink[16 * i] = reductions.sum(part, data, i * part)));
    return new Peaks(
        workers,
        (double) tasks * CALLS * ROUNDS * fma.operationsPerRound() / computing,
        4.0 * part * tasks / reading);
  }

  private static float compute(PeakFma fma) {
    float sum = 0;
    for (int call = 0; call < CALLS; call++) {
      sum += fma.run(ROUNDS, 0.5f, 1);
    }
    return sum;
  }
}
