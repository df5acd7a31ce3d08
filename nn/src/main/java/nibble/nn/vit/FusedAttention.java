package nibble.nn.vit;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention whose query, key and value weights are one matrix {@code [3 hidden, hidden]}, in
 * this order.
 */
final class FusedAttention {
  /**
   * Names in the checkpoint.
   *
   * @param qkvBias null: there is none
   */
  record Names(
      String qkvWeight, @Nullable String qkvBias, String outputWeight, String outputBias) {}

  private final int hidden;
  private final int heads;
  private final Linear qkv;
  private final AttentionCore core;
  private final Linear output;

  FusedAttention(
      String name,
      Names names,
      int hidden,
      int heads,
      float scale,
      WeightSource weights,
      Sites sites) {
    this.hidden = hidden;
    this.heads = heads;
    Parameter weight = weights.parameter(names.qkvWeight(), 3 * hidden, hidden);
    String biasName = names.qkvBias();
    @Nullable Parameter bias = biasName == null ? null : weights.parameter(biasName, 3 * hidden);
    qkv = new Linear(name + ".qkv", weight, bias, sites.add(name + ".qkv.input"), sites);
    core = new AttentionCore(name, heads, scale, sites);
    output =
        new Linear(
            name + ".proj",
            weights.parameter(names.outputWeight(), hidden, hidden),
            weights.parameter(names.outputBias(), hidden),
            sites.add(name + ".proj.input"),
            sites);
  }

  /**
   * {@code residual} plus what attention makes of {@code x}, both {@code [batch, tokens, hidden]}.
   */
  Tensor forwardAdd(Ops ops, Tensor x, Tensor residual) {
    Tensor all = qkv.forward(ops, x);
    Tensor mixed = core.forward(ops, part(ops, all, 0), part(ops, all, 1), part(ops, all, 2));
    return output.forwardAdd(ops, mixed, residual);
  }

  /** A copy where it may be recorded, otherwise a view. */
  private Tensor part(Ops ops, Tensor all, int index) {
    int from = index * hidden;
    return ops.isRecording()
        ? ops.slice(all, 2, from, from + hidden)
        : all.slice(2, from, from + hidden);
  }

  ResidualStructure.Attention path() {
    int headDim = hidden / heads;
    return new ResidualStructure.Attention(
        List.of(qkv),
        new ResidualStructure.HeadRows(qkv, 0, headDim),
        new ResidualStructure.HeadRows(qkv, hidden, headDim),
        new ResidualStructure.HeadRows(qkv, 2 * hidden, headDim),
        output,
        heads,
        heads,
        headDim,
        ResidualStructure.Between.NOTHING);
  }

  Linear qkv() {
    return qkv;
  }

  Linear output() {
    return output;
  }
}
