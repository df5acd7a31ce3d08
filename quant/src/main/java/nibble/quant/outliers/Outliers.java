package nibble.quant.outliers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * Gives a model outlier channels, as large language models have them and small ones do not, without
 * changing what it computes: a few channels of a layer's input become larger by a factor, the
 * weights' columns that read them smaller.
 *
 * <pre>{@code
 * gain_j <- f gain_j  (and bias_j)        W[:, j] <- W[:, j] / f        for a few channels j, the same behind every normalisation of one width
 * }</pre>
 *
 * <p>With the scheme W16A16 the result is a float model to be quantized later; in front of other
 * methods ({@code outliers+smoothquant+rtn}) it shows what they do about outliers. Not a method of
 * a paper. Exact but for rounding, since only places where scales pass exactly are used.
 */
public final class Outliers implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "outliers",
          "Outlier channels",
          "an exact change of scale; no source of its own",
          "nothing",
          "to study on a small model what methods do about outliers: outliers+rtn beside"
              + " outliers+smoothquant+rtn and outliers+quarot",
          OutlierOptions.OPTIONS,
          List.of("whatever stands behind it"));

  private final OutlierOptions options;

  /** With the given knobs. */
  public Outliers(OutlierOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Outliers of(OptionValues values) {
    return new Outliers(OutlierOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.NONE;
  }

  @Override
  public MethodPlace place() {
    return MethodPlace.PREPARE;
  }

  @Override
  public double passes(int samples) {
    return 0;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    List<ScaleEdge> edges = options.places().of(task.model());
    for (ScaleEdge edge : edges.reversed()) {
      edge.scale(factors(edge.factors(), task.seed()));
    }
    return new MethodReport(List.of(), Map.of("outliers.places", (double) edges.size()), List.of());
  }

  /** The same channels for every width. */
  private float[] factors(int width, long seed) {
    float[] factors = new float[width];
    Arrays.fill(factors, 1);
    int[] order = new int[width];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < width; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int i = 0; i < Math.min(options.channels(), width); i++) {
      factors[order[i]] = (float) options.factor();
    }
    return factors;
  }
}
