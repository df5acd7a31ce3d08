package nibble.nn.vit;

import java.util.List;
import nibble.nn.Activation;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** Pre-norm block: {@code x += attention(norm1(x)); x += fc2(activation(fc1(norm2(x))))}. */
final class ViTBlock implements Block {
  final Norm norm1;
  final ViTAttention attention;
  final Norm norm2;
  final Linear fc1;
  final Linear fc2;
  private final String name;
  private final Activation activation;

  ViTBlock(int index, ViTConfig config, WeightSource weights, Sites sites) {
    name = "blocks." + index;
    activation = config.activation();
    String layer = config.prefix() + "encoder.layer." + index;
    norm1 = ViT.norm(name + ".norm1", layer + ".layernorm_before", config, weights);
    attention = new ViTAttention(name + ".attn", layer + ".attention", config, weights, sites);
    norm2 = ViT.norm(name + ".norm2", layer + ".layernorm_after", config, weights);
    fc1 = linear(".mlp.fc1", layer + ".intermediate.dense", config.intermediate(), config.hidden(), weights, sites);
    fc2 = linear(".mlp.fc2", layer + ".output.dense", config.hidden(), config.intermediate(), weights, sites);
  }

  private Linear linear(String suffix, String checkpointName, int out, int in, WeightSource weights, Sites sites) {
    return new Linear(
        name + suffix,
        weights.parameter(checkpointName + ".weight", out, in),
        weights.parameter(checkpointName + ".bias", out),
        sites.add(name + suffix + ".input"),
        sites);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Tensor forward(Ops ops, Tensor x) {
    Tensor attended = ops.add(x, attention.forward(ops, norm1.forward(ops, x)));
    Tensor hidden = activation.apply(ops, fc1.forward(ops, norm2.forward(ops, attended)));
    return ops.add(attended, fc2.forward(ops, hidden));
  }

  @Override
  public List<List<Linear>> stages() {
    return List.of(attention.inputs(), List.of(attention.output()), List.of(fc1), List.of(fc2));
  }
}
