package nibble.nn.train;

/**
 * The factor of the learning rate at each step, from 0. All schedules rise linearly during the
 * warm-up: step {@code i} of {@code warmUp} has {@code (i + 1) / warmUp}.
 */
public sealed interface Schedule {
  /** Steps of the linear rise; may be 0. */
  int warmUp();

  /** The factor after the warm-up. */
  double afterWarmUp(int step);

  /** The factor of {@code step}, in [0, 1]. */
  default double factor(int step) {
    if (step < 0) {
      throw new IllegalArgumentException("steps count from 0, was " + step);
    }
    return step < warmUp() ? (step + 1.0) / warmUp() : afterWarmUp(step);
  }

  /** 1 after the warm-up. */
  record Constant(int warmUp) implements Schedule {
    /** Checks the range. */
    public Constant {
      check(warmUp, warmUp + 1, 0);
    }

    @Override
    public double afterWarmUp(int step) {
      return 1;
    }
  }

  /**
   * Falls in a straight line from 1 at the end of the warm-up to {@code floor} at step {@code
   * total}, and stays there.
   *
   * @param total steps in all, the warm-up included
   */
  record Linear(int warmUp, int total, double floor) implements Schedule {
    /** Checks the ranges. */
    public Linear {
      check(warmUp, total, floor);
    }

    @Override
    public double afterWarmUp(int step) {
      return floor + (1 - floor) * (1 - progress(step, warmUp, total));
    }
  }

  /**
   * Falls along half a cosine from 1 at the end of the warm-up to {@code floor} at step {@code
   * total}, and stays there. Loshchilov, Hutter: <a
   * href="https://arxiv.org/abs/1608.03983">arXiv:1608.03983</a>, equation 5 without restarts.
   *
   * @param total steps in all, the warm-up included
   */
  record Cosine(int warmUp, int total, double floor) implements Schedule {
    /** Checks the ranges. */
    public Cosine {
      check(warmUp, total, floor);
    }

    @Override
    public double afterWarmUp(int step) {
      return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress(step, warmUp, total)));
    }
  }

  private static double progress(int step, int warmUp, int total) {
    return Math.min(1, (double) (step - warmUp) / (total - warmUp));
  }

  private static void check(int warmUp, int total, double floor) {
    if (warmUp < 0 || total <= warmUp || !(floor >= 0 && floor <= 1)) {
      throw new IllegalArgumentException(
          "a schedule needs 0 <= warm-up < total and a floor in [0, 1], got %d, %d, %s"
              .formatted(warmUp, total, floor));
    }
  }
}
