package nibble.nn.vit;

import java.util.List;
import java.util.function.UnaryOperator;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Self-attention with one linear layer each for query, key, value and output, all {@code [hidden,
 * hidden]}.
 */
final class SplitAttention {
  /** Names of the four layers in the checkpoint, without {@code .weight} and {@code .bias}. */
  record Names(String query, String key, String value, String output) {}

  private final int heads;
  private final Site input;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final AttentionCore core;
  private final Linear output;

  SplitAttention(
      String name, Names names, int hidden, int heads, boolean qkvBias, LayerMaker make) {
    this.heads = heads;
    input = make.sites().add(name + ".qkv.input");
    query = make.linear(name + ".q", names.query(), hidden, hidden, qkvBias, input);
    key = make.linear(name + ".k", names.key(), hidden, hidden, qkvBias, input);
    value = make.linear(name + ".v", names.value(), hidden, hidden, qkvBias, input);
    core =
        new AttentionCore(
            name, heads, (float) (1 / Math.sqrt((double) hidden / heads)), make.sites());
    output = make.linear(name + ".proj", names.output(), hidden, hidden);
  }

  /** {@code [batch, tokens, hidden]} to the same shape. */
  Tensor forward(Ops ops, Tensor x) {
    return output.forward(ops, mixed(ops, x));
  }

  /** {@code residual} plus the same, in one pass where the output's weight can do that. */
  Tensor forwardAdd(Ops ops, Tensor x, Tensor residual) {
    return output.forwardAdd(ops, mixed(ops, x), residual);
  }

  private Tensor mixed(Ops ops, Tensor x) {
    LayerInput in = input.input(ops, x);
    return core.forward(
        ops, query.project(ops, in), key.project(ops, in), value.project(ops, in));
  }

  /**
   * See {@link AttentionCore#forward(Ops, Tensor, Tensor, Tensor, UnaryOperator)} for {@code
   * biased}.
   */
  Tensor forward(Ops ops, Tensor x, UnaryOperator<Tensor> biased) {
    LayerInput in = input.input(ops, x);
    return output.forward(
        ops,
        core.forward(
            ops, query.project(ops, in), key.project(ops, in), value.project(ops, in), biased));
  }

  ResidualStructure.Attention path() {
    return new ResidualStructure.Attention(
        query, key, value, output, heads, heads, query.out() / heads);
  }

  /** Query, key and value. */
  List<Linear> inputs() {
    return List.of(query, key, value);
  }

  Linear output() {
    return output;
  }
}
