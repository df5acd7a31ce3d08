package nibble.cli.bench;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.cli.evaluation.Evaluation;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.ImageClassifier;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Measures forward passes of a model on random pixels. */
public final class ModelBench {
  private ModelBench() {}

  /**
   * One measurement.
   *
   * @param batch images at a time
   * @param threads how many worked
   * @param imagesPerSecond at best
   */
  public record Speed(int batch, int threads, double imagesPerSecond) {}

  /** Seconds from the start of this process to the logits of the first image, which this call computes; empty where the system does not tell when it started. */
  public static Optional<Double> secondsToFirstImage(ImageClassifier model, int threads) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(threads);
        Ops ops = new Ops(splitter)) {
      new Evaluation(ops, 1).logits(model, pixels(model, 1));
    }
    return ProcessHandle.current().info().startInstant().map(start -> Duration.between(start, Instant.now()).toNanos() * 1e-9);
  }

  /** Speeds for batches of 1 and 8, on one thread and on {@code threads}; each until nothing has become faster for {@code seconds}. */
  public static List<Speed> speeds(ImageClassifier model, int threads, double seconds) {
    List<Speed> speeds = new ArrayList<>();
    for (int workers : threads > 1 ? new int[] {1, threads} : new int[] {1}) {
      try (WorkSplitter splitter = WorkSplitter.ofThreads(workers);
          Ops ops = new Ops(splitter)) {
        for (int batch : new int[] {1, 8}) {
          Tensor pixels = pixels(model, batch);
          Evaluation evaluation = new Evaluation(ops, batch);
          speeds.add(new Speed(batch, workers, batch / new Stopwatch(seconds).secondsPerCall(() -> evaluation.logits(model, pixels))));
        }
      }
    }
    return speeds;
  }

  private static Tensor pixels(ImageClassifier model, int batch) {
    int side = model.imageSize();
    return Tensor.of(new Operands().normal(batch * model.channels() * side * side), batch, model.channels(), side, side);
  }
}
