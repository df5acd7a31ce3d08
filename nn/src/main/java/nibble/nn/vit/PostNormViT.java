package nibble.nn.vit;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A vision transformer around a post-norm {@code torch.nn.TransformerEncoder}, with its parameter
 * names: patches by a convolution, a class token, learned positions; per block {@code x = norm1(x +
 * attention(x)); x = norm2(x + linear2(activation(linear1(x))))}; the class token through a layer
 * normalisation and a linear layer.
 *
 * <p>Sites are those of {@link ViT}; query, key and value are one linear layer {@code
 * blocks.N.attn.qkv}. The stream is normalised itself, so there is no residual structure.
 */
public final class PostNormViT extends ClassTokenViT {
  /** What {@link #architecture} says. */
  public static final String ARCHITECTURE = "PostNormViTForImageClassification";

  private final PostNormViTConfig config;
  private final Norm finalNorm;
  private final Linear classifier;

  /** Takes the parameters from {@code weights}. */
  public PostNormViT(PostNormViTConfig config, WeightSource weights) {
    super(
        size(config),
        weights,
        "pos_embed",
        make -> patchLayer(config, make),
        make -> index -> block(index, config, make));
    this.config = config;
    finalNorm = make().layerNorm("norm", "mlp_head.0", config.hidden(), config.epsilon());
    classifier = make().linear("head", "mlp_head.1", config.labels(), config.hidden());
  }

  private static Size size(PostNormViTConfig c) {
    return new Size(
        c.imageSize(), c.patchSize(), c.channels(), c.tokens(), c.hidden(), c.layers(), c.labels());
  }

  private static Linear patchLayer(PostNormViTConfig config, LayerMaker make) {
    return make.patchConvolution(
        "patch_embed.proj", config.hidden(), config.channels(), config.patchSize());
  }

  private static FusedBlock block(int index, PostNormViTConfig config, LayerMaker make) {
    String name = "blocks." + index;
    String layer = "transformer.layers." + index;
    String attn = layer + ".self_attn.";
    int hidden = config.hidden();
    FusedAttention.Names names =
        new FusedAttention.Names(
            attn + "in_proj_weight",
            attn + "in_proj_bias",
            attn + "out_proj.weight",
            attn + "out_proj.bias");
    float scale = (float) (1 / Math.sqrt((double) hidden / config.heads()));
    FusedAttention attention =
        new FusedAttention(
            name + ".attn", names, hidden, config.heads(), scale, make.weights(), make.sites());
    Norm norm1 = make.layerNorm(name + ".norm1", layer + ".norm1", hidden, config.epsilon());
    Linear fc1 = make.linear(name + ".mlp.fc1", layer + ".linear1", config.intermediate(), hidden);
    Linear fc2 = make.linear(name + ".mlp.fc2", layer + ".linear2", hidden, config.intermediate());
    Norm norm2 = make.layerNorm(name + ".norm2", layer + ".norm2", hidden, config.epsilon());
    return new FusedBlock(
        name,
        FusedBlock.Order.AFTER,
        norm1,
        attention,
        norm2,
        fc1,
        make.nonlinearity(name + ".mlp", config.activation()),
        fc2);
  }

  /** The dimensions. */
  public PostNormViTConfig config() {
    return config;
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  @Override
  Tensor patches(Ops ops, Tensor pixels) {
    return ops.patches(pixels, config.patchSize());
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    return finalNorm.forward(ops, PatchTokens.token(ops, x, 0));
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return classifier.forward(ops, features(ops, x));
  }

  @Override
  List<Linear> headLinears() {
    return List.of(classifier);
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList();
    super.parameters().forEach(all::add);
    return all.add(finalNorm).toList();
  }
}
