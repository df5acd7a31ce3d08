package nibble.quant.tuning;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.SiteFunction;
import nibble.quant.fold.FeedForwardEdge;
import nibble.quant.fold.QueryKeyEdge;
import nibble.quant.fold.ValueEdge;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Learned scales of channels as changes of weights. What is learned is the logarithm of each
 * factor, so factors stay positive. Channels that must share a factor do so by the {@link
 * nibble.quant.fold.ScaleEdge}.
 */
final class Scales {
  private static final int NONE = -1;

  private Scales() {}

  /** Factors of 1, to be learned. */
  static Tensor leaf(int factors) {
    return Tensor.zeros(factors).requireGrad();
  }

  /** Rows of the values times the factors, columns of the output projection divided. */
  static Tensor values(ChangingWeights weights, ValueEdge edge) {
    Tensor log = leaf(edge.factors());
    ResidualStructure.Attention attention = edge.attention();
    rows(
        weights,
        attention.values().linear(),
        heads(
            attention.values(), attention.keyValueHeads(), attention.headDim(), channel -> channel),
        log,
        1);
    columns(weights, attention.output(), edge::factorOf, log, -1);
    return log;
  }

  /** Rows of the keys times the factors, rows of the queries divided. */
  static Tensor queriesAndKeys(ChangingWeights weights, QueryKeyEdge edge) {
    Tensor log = leaf(edge.factors());
    ResidualStructure.Attention attention = edge.attention();
    int shared = attention.heads() / attention.keyValueHeads();
    int d = attention.headDim();
    rows(
        weights,
        attention.keys().linear(),
        heads(attention.keys(), attention.keyValueHeads(), d, edge::factorOf),
        log,
        1);
    rows(
        weights,
        attention.queries().linear(),
        heads(
            attention.queries(),
            attention.heads(),
            d,
            channel -> edge.factorOf(channel / d / shared * d + channel % d)),
        log,
        -1);
    return log;
  }

  /** Rows of the carrier times the factors, columns of {@code down} divided. */
  static Tensor feedForward(ChangingWeights weights, FeedForwardEdge edge) {
    Tensor log = leaf(edge.factors());
    ResidualStructure.Carrier carrier = edge.carrier();
    int[] index = new int[carrier.linear().out()];
    Arrays.fill(index, NONE);
    for (int channel = 0; channel < edge.factors(); channel++) {
      index[carrier.first() + channel] = edge.factorOf(channel);
    }
    rows(weights, carrier.linear(), index, log, 1);
    columns(weights, edge.feedForward().down(), edge::factorOf, log, -1);
    return log;
  }

  /** Columns of all readers of a site times the factors; the site divides. */
  static Tensor input(ChangingWeights weights, ResidualStructure.Reader reader) {
    Tensor log = leaf(reader.linears().getFirst().in());
    reader.linears().forEach(linear -> columns(weights, linear, channel -> channel, log, 1));
    return log;
  }

  /** What stands in such a site while the factors are learned. */
  record Dividing(Tensor log) implements SiteFunction {
    @Override
    public Tensor apply(Ops ops, Tensor x) {
      return ops.mul(x, ops.exp(ops.neg(log)));
    }
  }

  private static int[] heads(
      ResidualStructure.HeadRows rows, int heads, int headDim, IntUnaryOperator factor) {
    int[] index = new int[rows.linear().out()];
    Arrays.fill(index, NONE);
    for (int head = 0; head < heads; head++) {
      for (int channel = 0; channel < headDim; channel++) {
        index[rows.first() + head * rows.step() + channel] =
            factor.applyAsInt(head * headDim + channel);
      }
    }
    return index;
  }

  private static void rows(
      ChangingWeights weights, Linear linear, int[] index, Tensor log, int sign) {
    weights.add(linear.weight(), (ops, w) -> ops.mul(w, factors(ops, log, sign, index)));
    Parameter bias = linear.bias();
    if (bias != null) {
      weights.add(
          bias, (ops, b) -> ops.mul(b, ops.reshape(factors(ops, log, sign, index), index.length)));
    }
  }

  private static void columns(
      ChangingWeights weights, Linear linear, IntUnaryOperator factor, Tensor log, int sign) {
    int[] index = new int[linear.in()];
    Arrays.setAll(index, factor);
    weights.add(
        linear.weight(),
        (ops, w) -> ops.mul(w, ops.reshape(factors(ops, log, sign, index), index.length)));
  }

  /** {@code exp(sign log)} of each index, 1 where there is none: {@code [index.length, 1]}. */
  private static Tensor factors(Ops ops, Tensor log, int sign, int[] index) {
    int count = log.dim(0);
    Tensor table =
        ops.concat(
            0,
            ops.exp(ops.scale(ops.reshape(log, count, 1), sign)),
            Tensor.of(new float[] {1}, 1, 1));
    return ops.rowsOf(table, Arrays.stream(index).map(i -> i == NONE ? count : i).toArray());
  }
}
