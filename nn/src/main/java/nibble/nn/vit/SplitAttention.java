package nibble.nn.vit;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.nn.HeadProduct;
import nibble.nn.JoinedQueryKey;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Self-attention with one linear layer each for query, key, value and output, all {@code [hidden,
 * hidden]}; those of query and key may be joined.
 */
final class SplitAttention {
  /** Names of the four layers in the checkpoint, without {@code .weight} and {@code .bias}. */
  record Names(String query, String key, String value, String output) {
    /** Of the layer that query and key may be joined to; a name of our own. */
    String queryKey() {
      return query + "_key";
    }
  }

  private final int heads;
  private final Site input;
  private final Names names;
  private final AttentionCore core;
  private final Linear output;
  private Projections projections;

  SplitAttention(
      String name, Names names, int hidden, int heads, boolean qkvBias, LayerMaker make) {
    this(name, names, hidden, heads, qkvBias, false, make);
  }

  /**
   * @param joined whether queries and keys come from one layer, see {@link Projections.Joined}
   */
  SplitAttention(
      String name,
      Names names,
      int hidden,
      int heads,
      boolean qkvBias,
      boolean joined,
      LayerMaker make) {
    this.heads = heads;
    this.names = names;
    input = make.sites().add(name + ".qkv.input");
    if (joined) {
      Linear queryKey =
          make.linear(name + ".qk", names.queryKey(), heads * hidden, hidden, qkvBias, input);
      Linear value = make.linear(name + ".v", names.value(), hidden, hidden, qkvBias, input);
      projections = new Projections.Joined(queryKey, value, heads);
    } else {
      projections =
          new Projections.Separate(
              make.linear(name + ".q", names.query(), hidden, hidden, qkvBias, input),
              make.linear(name + ".k", names.key(), hidden, hidden, qkvBias, input),
              make.linear(name + ".v", names.value(), hidden, hidden, qkvBias, input));
    }
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
        ops,
        projections.queries(ops, in),
        projections.keys(ops, x, in),
        projections.value().project(ops, in));
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
            ops,
            projections.queries(ops, in),
            projections.keys(ops, x, in),
            projections.value().project(ops, in),
            biased));
  }

  /** Empty where queries and keys are joined: keys have no rows of weights. */
  Optional<ResidualStructure.Attention> path() {
    return projections instanceof Projections.Separate(Linear query, Linear key, Linear value)
        ? Optional.of(
            new ResidualStructure.Attention(
                query, key, value, output, heads, heads, query.out() / heads))
        : Optional.empty();
  }

  /**
   * What reads the input: query, key and value, or what query and key were joined to, and value.
   */
  List<Linear> inputs() {
    return projections.linears();
  }

  Linear output() {
    return output;
  }

  /** Whether queries and keys are joined. */
  boolean isJoined() {
    return projections instanceof Projections.Joined;
  }

  /**
   * Joins the weights of queries and keys.
   *
   * @param sites of the model
   * @throws IllegalStateException if they are joined, or no floats, or something is in their sites
   */
  JoinedQueryKey join(Ops ops, Sites sites) {
    if (!(projections instanceof Projections.Separate(Linear query, Linear key, Linear value))) {
      throw new IllegalStateException("queries and keys of '" + input + "' are joined already");
    }
    for (Linear linear : List.of(query, key)) {
      if (linear.isReplaced() || !linear.weightSite().isIdentity() || !input.isIdentity()) {
        throw new IllegalStateException(
            "'"
                + linear.name()
                + "' or its input is quantized or transformed; queries and keys are joined before"
                + " that");
      }
      sites.remove(linear.weightSite());
    }
    HeadProduct product = new HeadProduct(heads);
    Tensor keys = key.weight().peek().toF32();
    Parameter weight =
        new Parameter(
            names.queryKey() + ".weight",
            product.forward(ops, keys, query.weight().peek().toF32()));
    Parameter queryBias = query.bias();
    Parameter bias =
        queryBias == null
            ? null
            : new Parameter(
                names.queryKey() + ".bias",
                product
                    .forward(ops, keys, queryBias.peek().toF32().view(query.out(), 1))
                    .view(weight.shape().dim(0)));
    String name = query.name() + "k";
    Linear joined = new Linear(name, weight, bias, input, sites);
    projections = new Projections.Joined(joined, value, heads);
    return new JoinedQueryKey(joined, query.weight(), key.weight(), heads);
  }
}
