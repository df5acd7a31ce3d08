package nibble.cli.bench;

/** Measures how long a piece of work takes, when it runs compiled and undisturbed. */
final class Stopwatch {
  private static final int STRETCHES = 8;
  private static final int MOST_PATIENCE = 20;
  private static final long LEAST_CALLS = 30;
  private static final double CLEARLY_LESS = 0.97;

  private final double seconds;

  /**
   * Goes on until nothing has become faster for {@code seconds}, and at least 30 calls are done; at
   * most twenty times as long.
   */
  Stopwatch(double seconds) {
    this.seconds = seconds;
  }

  /**
   * Seconds of one call of {@code work}: the least mean of many stretches of calls, because
   * whatever else the machine does only adds time.
   */
  double secondsPerCall(Runnable work) {
    double least = Double.MAX_VALUE;
    long calls = 1;
    long done = 0;
    long now = System.nanoTime();
    long limit = now + (long) (MOST_PATIENCE * seconds * 1e9);
    long end = now;
    do {
      double mean = stretch(work, calls) / calls;
      now = System.nanoTime();
      done += calls;
      if (mean < CLEARLY_LESS * least) {
        end = now + (long) (seconds * 1e9);
      }
      least = Math.min(least, mean);
      calls = Math.clamp((long) (seconds / STRETCHES / mean), 1, 4 * calls);
    } while (now < limit && (now < end || done < LEAST_CALLS));
    return least;
  }

  private static double stretch(Runnable work, long calls) {
    long start = System.nanoTime();
    for (long i = 0; i < calls; i++) {
      work.run();
    }
    return Math.max(1, System.nanoTime() - start) * 1e-9;
  }
}
