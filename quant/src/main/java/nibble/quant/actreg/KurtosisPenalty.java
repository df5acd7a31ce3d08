package nibble.quant.actreg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.tuning.WeightTraining;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@code lambda * sum over layers of K(y)} for the outputs y of linear layers, and the bounds that
 * learn beside the weights. Outputs are computed a second time from what passes the input sites,
 * since layers have no site behind them.
 */
final class KurtosisPenalty implements WeightTraining.Extra, AutoCloseable {
  private final List<LearnedBounds> bounds;
  private final double boundRate;
  private final double lambda;
  private final Map<Site, SiteFunction> probes = new LinkedHashMap<>();
  private final List<Tensor> measured = new ArrayList<>();
  private final List<double[]> course = new ArrayList<>();
  private int before;

  /**
   * Appends a probe to the input site of every layer.
   *
   * @param layers whose outputs count; none are looked at if {@code lambda} is 0
   */
  KurtosisPenalty(
      List<LearnedBounds> bounds, List<Linear> layers, double boundRate, double lambda) {
    this.bounds = List.copyOf(bounds);
    this.boundRate = boundRate;
    this.lambda = lambda;
    if (lambda > 0) {
      Map<Site, List<Linear>> bySite = new LinkedHashMap<>();
      layers.forEach(
          linear -> bySite.computeIfAbsent(linear.input(), site -> new ArrayList<>()).add(linear));
      bySite.forEach(
          (site, readers) -> {
            SiteFunction probe = (ops, x) -> probe(ops, x, readers);
            site.append(probe);
            probes.put(site, probe);
          });
    }
  }

  private Tensor probe(Ops ops, Tensor x, List<Linear> readers) {
    readers.forEach(linear -> measured.add(Kurtosis.mean(ops, linear.project(ops, x))));
    return x;
  }

  @Override
  public List<Tensor> leaves() {
    return bounds.stream().map(LearnedBounds::bounds).toList();
  }

  @Override
  public double rate() {
    return boundRate;
  }

  @Override
  public Tensor plus(Ops ops, Tensor loss) {
    if (measured.isEmpty()) {
      return loss;
    }
    Tensor sum = measured.getFirst();
    for (Tensor more : measured.subList(1, measured.size())) {
      sum = ops.add(sum, more);
    }
    course.add(new double[] {before + course.size() + 1.0, sum.item() / measured.size()});
    measured.clear();
    return ops.add(loss, ops.scale(sum, (float) lambda));
  }

  @Override
  public void updated() {
    bounds.forEach(LearnedBounds::keepApart);
  }

  @Override
  public void resumed(int steps) {
    before = steps;
  }

  /** Mean kurtosis of the layers by step, in a run that goes on those of this run. */
  List<double[]> course() {
    return List.copyOf(course);
  }

  /** Takes the probes out. */
  @Override
  public void close() {
    probes.forEach(Site::remove);
  }
}
