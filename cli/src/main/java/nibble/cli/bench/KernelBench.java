package nibble.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import nibble.kernels.parallel.WorkSplitter;

/** Measures kernels on one thread and, those that share their work, on more. */
public final class KernelBench {
  private final double seconds;
  private final int threads;

  /**
   * One measurement.
   *
   * @param kernel name
   * @param shape of the operands, for people
   * @param threads how many worked
   * @param secondsPerCall least time of a call
   * @param operations of one call; 0 where they are not counted
   * @param bytes that one call must move at least
   */
  public record Measurement(
      String kernel,
      String shape,
      int threads,
      double secondsPerCall,
      double operations,
      double bytes) {
    /** Operations per second. */
    public double rate() {
      return operations / secondsPerCall;
    }

    /** Bytes per second; above the bandwidth of the memory where operands stay in a cache. */
    public double bytesPerSecond() {
      return bytes / secondsPerCall;
    }
  }

  /**
   * @param seconds without anything becoming faster that end a measurement
   * @param threads the larger number of threads, at least 1
   */
  public KernelBench(double seconds, int threads) {
    this.seconds = seconds;
    this.threads = threads;
  }

  /** Names of all kernels. */
  public static List<String> names() {
    return KernelCases.all().stream().map(KernelCase::name).toList();
  }

  /** Peaks of one thread and, if there are more, of all. */
  public List<Peaks> peaks() {
    List<Peaks> peaks = new ArrayList<>();
    for (int workers : counts(true)) {
      try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
        peaks.add(Peaks.measure(splitter, seconds));
      }
    }
    return peaks;
  }

  /** Measures the kernels of these names; each measurement is passed on as soon as it is there. */
  public void run(List<String> names, Consumer<Measurement> results) {
    for (KernelCase kernel : KernelCases.all()) {
      if (names.contains(kernel.name())) {
        for (int workers : counts(kernel.threaded())) {
          results.accept(measure(kernel, workers));
        }
      }
    }
  }

  private List<Integer> counts(boolean threaded) {
    return threaded && threads > 1 ? List.of(1, threads) : List.of(1);
  }

  private Measurement measure(KernelCase kernel, int workers) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      double time = new Stopwatch(seconds).secondsPerCall(kernel.prepare().apply(splitter));
      return new Measurement(
          kernel.name(), kernel.shape(), workers, time, kernel.operations(), kernel.bytes());
    }
  }
}
