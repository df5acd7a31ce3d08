package nibble.nn.vit;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Multi-head self-attention over all tokens, with sites at q, k, v and the attention probabilities. */
final class ViTAttention {
  private final int heads;
  private final int headDim;
  private final Site input;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Site querySite;
  private final Site keySite;
  private final Site valueSite;
  private final Site probabilities;

  ViTAttention(String name, String checkpointName, ViTConfig config, WeightSource weights, Sites sites) {
    heads = config.heads();
    headDim = config.headDim();
    input = sites.add(name + ".qkv.input");
    query = projection(name + ".q", checkpointName + ".attention.query", config, weights, sites);
    key = projection(name + ".k", checkpointName + ".attention.key", config, weights, sites);
    value = projection(name + ".v", checkpointName + ".attention.value", config, weights, sites);
    querySite = sites.add(name + ".q_out");
    keySite = sites.add(name + ".k_out");
    valueSite = sites.add(name + ".v_out");
    probabilities = sites.add(name + ".probs");
    String out = checkpointName + ".output.dense";
    output =
        new Linear(
            name + ".proj",
            weights.parameter(out + ".weight", config.hidden(), config.hidden()),
            weights.parameter(out + ".bias", config.hidden()),
            sites.add(name + ".proj.input"),
            sites);
  }

  private Linear projection(String name, String checkpointName, ViTConfig config, WeightSource weights, Sites sites) {
    int hidden = config.hidden();
    Parameter weight = weights.parameter(checkpointName + ".weight", hidden, hidden);
    @Nullable Parameter bias = config.qkvBias() ? weights.parameter(checkpointName + ".bias", hidden) : null;
    return new Linear(name, weight, bias, input, sites);
  }

  /** The normalised stream {@code [batch, tokens, hidden]} to what is added to it. */
  Tensor forward(Ops ops, Tensor normed) {
    Tensor x = input.apply(ops, normed);
    Tensor q = querySite.apply(ops, ops.splitHeads(query.project(ops, x), heads));
    Tensor k = keySite.apply(ops, ops.splitHeads(key.project(ops, x), heads));
    Tensor v = valueSite.apply(ops, ops.splitHeads(value.project(ops, x), heads));
    Tensor scores = ops.matmulTransposed(ops.scale(q, (float) (1 / Math.sqrt(headDim))), k);
    Tensor probs = probabilities.apply(ops, ops.softmax(scores));
    return output.forward(ops, ops.mergeHeads(ops.matmul(probs, v)));
  }

  List<Linear> inputs() {
    return List.of(query, key, value);
  }

  Linear output() {
    return output;
  }

  ResidualStructure.Attention structure() {
    return new ResidualStructure.Attention(query, key, value, output, heads, heads, headDim);
  }
}
