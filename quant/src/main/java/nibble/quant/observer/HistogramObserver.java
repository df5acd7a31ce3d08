package nibble.quant.observer;

/** An observer that decides from a histogram. */
public abstract sealed class HistogramObserver implements ActivationObserver
    permits PercentileObserver, MseObserver {
  private final String name;
  private final Histogram histogram;

  HistogramObserver(String name) {
    this.name = name;
    histogram = new Histogram(name);
  }

  @Override
  public final void observe(float[] x, int offset, int count) {
    histogram.add(x, offset, count);
  }

  /** Adds what another observer has seen. */
  public final void merge(HistogramObserver other) {
    histogram.merge(other.histogram);
  }

  /** What was seen. */
  public final Histogram histogram() {
    return histogram;
  }

  final void checkSeen() {
    Observed.checkSeen(name, histogram.count() > 0);
  }
}
