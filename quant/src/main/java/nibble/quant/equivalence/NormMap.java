package nibble.quant.equivalence;

import java.util.Arrays;
import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A scale and, behind a layer normalisation, a shift for every channel between a normalisation and
 * the layers that read it:
 *
 * <pre>{@code
 * x' = (x - d) / s        gain' = gain / s      bias' = (bias - d) / s        W' = W diag(s)      b' = b + W d
 * }</pre>
 */
final class NormMap implements LearnedMap {
  /** Smallest absolute scale (OmniQuant's code). */
  private static final float SMALLEST = 1e-2f;

  private final Norm norm;
  private final List<Linear> linears;
  private final Tensor scale;
  private final @Nullable Tensor shift;

  /** The identity. The normalisation has a gain. */
  NormMap(Norm norm, List<Linear> linears) {
    this.norm = norm;
    this.linears = List.copyOf(linears);
    int width = linears.getFirst().in();
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    scale = Tensor.of(ones, width).requireGrad();
    shift = norm.bias() == null ? null : Tensor.zeros(width).requireGrad();
  }

  List<Linear> linears() {
    return linears;
  }

  /**
   * Scales that balance channels with the columns of the layers, and shifts to the middle of their
   * range.
   */
  void start(ChannelRanges ranges, double alpha) {
    Tensor d = shift;
    float[] columns = ColumnMaxima.of(linears.toArray(Linear[]::new));
    for (int j = 0; j < columns.length; j++) {
      double largest = ranges.largest(j);
      if (d != null) {
        d.array()[d.offset() + j] = (ranges.high()[j] + ranges.low()[j]) / 2;
        largest = (ranges.high()[j] - ranges.low()[j]) / 2.0;
      }
      scale.array()[scale.offset() + j] = BlockMaps.balance(largest, columns[j], alpha);
    }
    project();
  }

  @Override
  public List<Tensor> leaves() {
    return shift == null ? List.of(scale) : List.of(scale, shift);
  }

  private static Parameter required(@Nullable Parameter parameter) {
    if (parameter == null) {
      throw new IllegalStateException("a normalisation has lost its gain or bias");
    }
    return parameter;
  }

  @Override
  public void register(PartParameters parameters) {
    parameters.add(required(norm.gain()));
    if (shift != null) {
      parameters.add(required(norm.bias()));
      linears.forEach(Linear::ensureBias);
    }
    linears.forEach(parameters::add);
  }

  @Override
  public void apply(Ops ops, PartParameters parameters, double progress) {
    Tensor d = shift;
    parameters.map(required(norm.gain()), gain -> ops.div(gain, scale));
    if (d != null) {
      parameters.map(required(norm.bias()), bias -> ops.div(ops.sub(bias, d), scale));
    }
    for (Linear linear : linears) {
      if (d != null) {
        Tensor moved = ops.matmulTransposed(parameters.get(linear.weight()), ops.reshape(d, 1, -1));
        parameters.map(
            linear.ensureBias(), bias -> ops.add(bias, ops.reshape(moved, linear.out())));
      }
      parameters.map(linear.weight(), weight -> ops.mul(weight, scale));
    }
  }

  @Override
  public void project() {
    float[] s = scale.array();
    for (int i = scale.offset(); i < scale.offset() + scale.size(); i++) {
      s[i] = Math.abs(s[i]) < SMALLEST ? Math.copySign(SMALLEST, s[i]) : s[i];
    }
  }

  @Override
  public void neutralise() {
    Arrays.fill(scale.array(), scale.offset(), scale.offset() + (int) scale.size(), 1);
    Tensor d = shift;
    if (d != null) {
      Arrays.fill(d.array(), d.offset(), d.offset() + (int) d.size(), 0);
    }
  }
}
