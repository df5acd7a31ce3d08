package nibble.nn.vit;

import java.util.List;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Pre-norm block: {@code x += attention(norm1(x)); x += fc2(activation(fc1(norm2(x))))}. */
final class ViTBlock implements Block {
  final Norm norm1;
  final SplitAttention attention;
  final Norm norm2;
  final Linear fc1;
  final Linear fc2;
  private final String name;
  private final Nonlinearity activation;

  ViTBlock(int index, ViTConfig config, LayerMaker make) {
    name = "blocks." + index;
    activation = make.nonlinearity(name + ".mlp", config.activation());
    String layer = config.prefix() + "encoder.layer." + index;
    norm1 = ViT.norm(name + ".norm1", layer + ".layernorm_before", config, make);
    String attn = layer + ".attention.";
    SplitAttention.Names names =
        new SplitAttention.Names(
            attn + "attention.query",
            attn + "attention.key",
            attn + "attention.value",
            attn + "output.dense");
    attention =
        new SplitAttention(
            name + ".attn",
            names,
            config.hidden(),
            config.heads(),
            config.qkvBias(),
            config.variant().joinedQueryKey(),
            make);
    norm2 = ViT.norm(name + ".norm2", layer + ".layernorm_after", config, make);
    fc1 =
        make.linear(
            name + ".mlp.fc1",
            layer + ".intermediate.dense",
            config.intermediate(),
            config.hidden());
    fc2 =
        make.linear(
            name + ".mlp.fc2", layer + ".output.dense", config.hidden(), config.intermediate());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Tensor forward(Ops ops, Tensor x) {
    Tensor attended = attention.forwardAdd(ops, norm1.forward(ops, x), x);
    Tensor hidden = activation.after(ops, fc1, norm2.forward(ops, attended));
    return fc2.forwardAdd(ops, hidden, attended);
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
    return Optional.of(ResidualStructure.FeedForward.plain(fc1, activation.function(), fc2));
  }
}
