package nibble.nn.vit;

import java.util.List;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Pre-norm block with layer scale: {@code x += scale1 * attention(norm1(x)); x += scale2 *
 * mlp(norm2(x))}.
 */
final class Dinov2Block implements Block {
  private final String name;
  private final Norm norm1;
  private final SplitAttention attention;
  private final Parameter scale1;
  private final Norm norm2;
  // empty where two halves of fc1 gate each other
  private final Optional<Nonlinearity> activation;
  private final Linear fc1;
  private final Linear fc2;
  private final Parameter scale2;

  Dinov2Block(int index, Dinov2Config config, LayerMaker make) {
    name = "blocks." + index;
    boolean gated = config.gated();
    activation =
        gated
            ? Optional.empty()
            : Optional.of(make.nonlinearity(name + ".mlp", config.activation()));
    String layer = config.prefix() + "encoder.layer." + index;
    int hidden = config.hidden();
    norm1 = make.layerNorm(name + ".norm1", layer + ".norm1", hidden, config.epsilon());
    String attn = layer + ".attention.";
    SplitAttention.Names names =
        new SplitAttention.Names(
            attn + "attention.query",
            attn + "attention.key",
            attn + "attention.value",
            attn + "output.dense");
    attention =
        new SplitAttention(name + ".attn", names, hidden, config.heads(), config.qkvBias(), make);
    scale1 = make.weights().gain(layer + ".layer_scale1.lambda1", hidden);
    norm2 = make.layerNorm(name + ".norm2", layer + ".norm2", hidden, config.epsilon());
    int inner = config.intermediate();
    fc1 =
        make.linear(
            name + ".mlp.fc1",
            layer + (gated ? ".mlp.weights_in" : ".mlp.fc1"),
            gated ? 2 * inner : inner,
            hidden);
    fc2 =
        make.linear(
            name + ".mlp.fc2", layer + (gated ? ".mlp.weights_out" : ".mlp.fc2"), hidden, inner);
    scale2 = make.weights().gain(layer + ".layer_scale2.lambda1", hidden);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Tensor forward(Ops ops, Tensor x) {
    Tensor attended =
        ops.add(x, ops.mul(attention.forward(ops, norm1.forward(ops, x)), scale1.floats()));
    Tensor hidden = hidden(ops, norm2.forward(ops, attended));
    return ops.add(attended, ops.mul(fc2.forward(ops, hidden), scale2.floats()));
  }

  private Tensor hidden(Ops ops, Tensor x) {
    return activation.isPresent()
        ? activation.get().after(ops, fc1, x)
        : gated(ops, fc1.forward(ops, x));
  }

  private static Tensor gated(Ops ops, Tensor x) {
    int half = x.dim(2) / 2;
    return ops.mul(ops.silu(ops.slice(x, 2, 0, half)), ops.slice(x, 2, half, 2 * half));
  }

  @Override
  public List<List<Linear>> stages() {
    return List.of(attention.inputs(), List.of(attention.output()), List.of(fc1), List.of(fc2));
  }

  @Override
  public Optional<ResidualStructure.Attention> attentionPath() {
    return attention.path();
  }

  @Override
  public Optional<ResidualStructure.FeedForward> feedForwardPath() {
    return Optional.of(
        activation.isPresent()
            ? ResidualStructure.FeedForward.plain(fc1, activation.get().function(), fc2)
            : new ResidualStructure.FeedForward(
                List.of(fc1),
                fc2,
                Optional.of(new ResidualStructure.Carrier(fc1, fc2.in(), false))));
  }

  List<Linear> attentionInputs() {
    return attention.inputs();
  }

  List<ResidualStructure.Reader> readers() {
    return List.of(
        new ResidualStructure.Reader(norm1, attention.inputs()),
        new ResidualStructure.Reader(norm2, List.of(fc1)));
  }

  /** The parameters that belong to no linear layer. */
  void addOwnParameters(List<Parameter> all) {
    LayerMaker.addTo(all, norm1);
    LayerMaker.addTo(all, norm2);
    all.add(scale1);
    all.add(scale2);
  }
}
