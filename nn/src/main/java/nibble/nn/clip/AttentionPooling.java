package nibble.nn.clip;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.transformer.FeedForward;
import nibble.nn.transformer.Layers;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Attention of one learned query over all tokens, then a feed-forward layer: how SigLIP pools an
 * image. The joined projection of query, key and value stays in float; it has no site.
 */
final class AttentionPooling {
  private final int hidden;
  private final int heads;
  private final Parameter probe;
  private final Parameter weight;
  private final Parameter bias;
  private final Linear output;
  private final Norm norm;
  private final FeedForward.Plain feedForward;

  AttentionPooling(Layers make, ClipConfig.Tower size) {
    hidden = size.hidden();
    heads = size.heads();
    String head = "vision_model.head.";
    probe = make.weights().parameter(head + "probe", 1, 1, hidden);
    weight = make.weights().parameter(head + "attention.in_proj_weight", 3 * hidden, hidden);
    bias = make.weights().parameter(head + "attention.in_proj_bias", 3 * hidden);
    output = make.linear("head.attn.o", head + "attention.out_proj", hidden, hidden, true);
    norm = make.layerNorm("head.norm", head + "layernorm", hidden, size.epsilon(), true);
    feedForward = ClipLayers.feedForward(make, "head.mlp.", head + "mlp.", size);
  }

  /** {@code [batch, tokens, hidden]} to {@code [batch, hidden]}. */
  Tensor forward(Ops ops, Tensor x) {
    int batch = x.dim(0);
    Tensor query =
        ops.scale(
            part(ops, ops.expand(probe.floats(), batch, 1, hidden), 0),
            (float) (1 / Math.sqrt((double) hidden / heads)));
    Tensor scores =
        ops.matmulTransposed(ops.splitHeads(query, heads), ops.splitHeads(part(ops, x, 1), heads));
    Tensor mixed =
        ops.mergeHeads(ops.matmul(ops.softmax(scores), ops.splitHeads(part(ops, x, 2), heads)));
    Tensor attended = output.forward(ops, mixed);
    Tensor pooled = ops.add(attended, feedForward.forward(ops, norm.forward(ops, attended)));
    return ops.reshape(pooled, batch, hidden);
  }

  private Tensor part(Ops ops, Tensor x, int index) {
    Tensor w = ops.slice(weight.floats(), 0, index * hidden, (index + 1) * hidden);
    return ops.linear(x, w, ops.slice(bias.floats(), 0, index * hidden, (index + 1) * hidden));
  }

  List<Linear> linears() {
    return List.of(output, feedForward.first(), feedForward.down());
  }

  void addOthers(ParameterList all) {
    all.add(probe).add(weight).add(bias).add(norm);
  }
}
