package nibble.cli.training;

import java.util.ArrayList;
import java.util.List;

/** Loss and accuracy over time, as means over stretches of updates. */
public final class TrainingLog {
  /**
   * One stretch.
   *
   * @param images seen at its end
   * @param loss mean cross entropy in nats
   * @param accuracy share of training images classified correctly before the update that used them
   */
  public record Point(long images, double loss, double accuracy) {}

  private final int interval;
  private final List<Point> points = new ArrayList<>();
  private double lossSum;
  private long right;
  private long seen;
  private int updates;

  /** A log with one point every {@code interval} updates. */
  TrainingLog(int interval) {
    this.interval = interval;
  }

  void add(long images, int count, double loss, int correct) {
    lossSum += loss;
    right += correct;
    seen += count;
    if (++updates == interval) {
      points.add(new Point(images, lossSum / updates, (double) right / seen));
      lossSum = 0;
      right = 0;
      seen = 0;
      updates = 0;
    }
  }

  void restore(List<Point> earlier) {
    points.addAll(earlier);
  }

  /** All points so far. */
  public List<Point> points() {
    return List.copyOf(points);
  }
}
