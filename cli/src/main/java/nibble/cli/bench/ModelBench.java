package nibble.cli.bench;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Model;
import nibble.tensor.Ops;

/**
 * Measures forward passes of a model on random input: images, texts, or a prompt and the tokens
 * behind it.
 */
public final class ModelBench {
  private ModelBench() {}

  /**
   * One measurement.
   *
   * @param work what was computed, such as {@code batch 8}
   * @param threads how many worked
   * @param unit what was counted, such as {@code images}
   * @param perSecond how many of it at best
   */
  public record Speed(String work, int threads, String unit, double perSecond) {}

  /**
   * Seconds from the start of this process to the result of the lightest work, such as one image,
   * which this call computes; empty where the system does not tell when it started.
   */
  public static Optional<Double> secondsToFirstResult(Model model, int threads) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(threads);
        Ops ops = new Ops(splitter)) {
      Workload.of(model).getFirst().prepared().apply(ops).run();
    }
    return ProcessHandle.current()
        .info()
        .startInstant()
        .map(start -> Duration.between(start, Instant.now()).toNanos() * 1e-9);
  }

  /**
   * Speeds of all work, on one thread and on {@code threads}; each until nothing has become faster
   * for {@code seconds}.
   */
  public static List<Speed> speeds(Model model, int threads, double seconds) {
    List<Speed> speeds = new ArrayList<>();
    for (int workers : threads > 1 ? new int[] {1, threads} : new int[] {1}) {
      try (WorkSplitter splitter = WorkSplitter.ofThreads(workers);
          Ops ops = new Ops(splitter)) {
        for (Workload work : Workload.of(model)) {
          double secondsPerCall = new Stopwatch(seconds).secondsPerCall(work.prepared().apply(ops));
          speeds.add(new Speed(work.name(), workers, work.unit(), work.count() / secondsPerCall));
        }
      }
    }
    return speeds;
  }
}
