package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Activation;
import nibble.nn.Block;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A vision transformer around a post-norm {@code torch.nn.TransformerEncoder}, with its parameter names: patches by a convolution, a class
 * token, learned positions; per block {@code x = norm1(x + attention(x)); x = norm2(x + linear2(activation(linear1(x))))}; the class token
 * through a layer normalisation and a linear layer.
 *
 * <p>Sites are those of {@link ViT}; query, key and value are one linear layer {@code blocks.N.attn.qkv}. The stream is normalised itself, so
 * there is no residual structure.
 */
public final class PostNormViT implements ImageClassifier {
  /** What {@link #architecture} says. */
  public static final String ARCHITECTURE = "PostNormViTForImageClassification";

  private final PostNormViTConfig config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final Parameter classToken;
  private final Parameter positions;
  private final List<Layer> blocks = new ArrayList<>();
  private final Norm finalNorm;
  private final Linear classifier;

  /** Takes the parameters from {@code weights}. */
  public PostNormViT(PostNormViTConfig config, WeightSource weights) {
    this.config = config;
    LayerMaker make = new LayerMaker(weights, sites);
    patchEmbedding = make.patchConvolution("patch_embed.proj", config.hidden(), config.channels(), config.patchSize());
    classToken = weights.parameter("cls_token", 1, 1, config.hidden());
    positions = weights.parameter("pos_embed", 1, config.tokens(), config.hidden());
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Layer(i, config, make));
    }
    finalNorm = make.layerNorm("norm", "mlp_head.0", config.hidden(), config.epsilon());
    classifier = make.linear("head", "mlp_head.1", config.labels(), config.hidden());
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
  public int imageSize() {
    return config.imageSize();
  }

  @Override
  public int channels() {
    return config.channels();
  }

  @Override
  public int classes() {
    return config.labels();
  }

  @Override
  public int tokens() {
    return config.tokens();
  }

  @Override
  public Sites sites() {
    return sites;
  }

  @Override
  public List<? extends Block> blocks() {
    return blocks;
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    PatchTokens.requirePixels(pixels, config.channels(), config.imageSize());
    Tensor patches = patchEmbedding.forward(ops, ops.patches(pixels, config.patchSize()));
    return ops.add(PatchTokens.withFirst(ops, classToken.floats(), patches), positions.floats());
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
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    all.add(patchEmbedding);
    for (Layer block : blocks) {
      block.stages().forEach(all::addAll);
    }
    all.add(classifier);
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>(List.of(classToken, positions));
    linears().forEach(linear -> LayerMaker.addTo(all, linear));
    for (Layer block : blocks) {
      LayerMaker.addTo(all, block.norm1);
      LayerMaker.addTo(all, block.norm2);
    }
    LayerMaker.addTo(all, finalNorm);
    return all;
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  /** One block. */
  private static final class Layer implements Block {
    private final String name;
    private final FusedAttention attention;
    private final Norm norm1;
    private final Linear fc1;
    private final Activation activation;
    private final Linear fc2;
    private final Norm norm2;

    Layer(int index, PostNormViTConfig config, LayerMaker make) {
      name = "blocks." + index;
      String layer = "transformer.layers." + index;
      String attn = layer + ".self_attn.";
      FusedAttention.Names names =
          new FusedAttention.Names(attn + "in_proj_weight", attn + "in_proj_bias", attn + "out_proj.weight", attn + "out_proj.bias");
      float scale = (float) (1 / Math.sqrt((double) config.hidden() / config.heads()));
      attention = new FusedAttention(name + ".attn", names, config.hidden(), config.heads(), scale, make.weights(), make.sites());
      norm1 = make.layerNorm(name + ".norm1", layer + ".norm1", config.hidden(), config.epsilon());
      fc1 = make.linear(name + ".mlp.fc1", layer + ".linear1", config.intermediate(), config.hidden());
      activation = config.activation();
      fc2 = make.linear(name + ".mlp.fc2", layer + ".linear2", config.hidden(), config.intermediate());
      norm2 = make.layerNorm(name + ".norm2", layer + ".norm2", config.hidden(), config.epsilon());
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public Tensor forward(Ops ops, Tensor x) {
      Tensor attended = norm1.forward(ops, ops.add(x, attention.forward(ops, x)));
      Tensor hidden = activation.apply(ops, fc1.forward(ops, attended));
      return norm2.forward(ops, ops.add(attended, fc2.forward(ops, hidden)));
    }

    @Override
    public List<List<Linear>> stages() {
      return List.of(List.of(attention.qkv()), List.of(attention.output()), List.of(fc1), List.of(fc2));
    }
  }
}
