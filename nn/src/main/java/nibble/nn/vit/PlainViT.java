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
 * The pre-norm vision transformer of the first {@code vit-pytorch}, with its parameter names: patches in the order row, column, channel
 * through a linear layer; attention without biases of query, key and value and with a scale of its own; no normalisation after the last
 * block; the class token through {@code linear - activation - linear}.
 *
 * <p>Sites are those of {@link ViT}; query, key and value are one linear layer {@code blocks.N.attn.qkv}, the head is {@code head.fc1} and
 * {@code head.fc2}. The head reads the stream without a normalisation before it, so the stream cannot be rotated as a whole.
 */
public final class PlainViT implements ImageClassifier {
  /** What {@link #architecture} says. */
  public static final String ARCHITECTURE = "PlainViTForImageClassification";

  private final PlainViTConfig config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final Parameter classToken;
  private final Parameter positions;
  private final List<Layer> blocks = new ArrayList<>();
  private final Linear head1;
  private final Linear head2;

  /** Takes the parameters from {@code weights}. */
  public PlainViT(PlainViTConfig config, WeightSource weights) {
    this.config = config;
    LayerMaker make = new LayerMaker(weights, sites);
    int pixels = config.channels() * config.patchSize() * config.patchSize();
    patchEmbedding = make.linear("patch_embed", "patch_to_embedding", config.hidden(), pixels);
    classToken = weights.parameter("cls_token", 1, 1, config.hidden());
    positions = weights.parameter("pos_embedding", 1, config.tokens(), config.hidden());
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Layer(i, config, make));
    }
    head1 = make.linear("head.fc1", "mlp_head.0", config.intermediate(), config.hidden());
    head2 = make.linear("head.fc2", "mlp_head.2", config.labels(), config.intermediate());
  }

  /** The dimensions as they are now: transforms may have added biases. */
  public PlainViTConfig config() {
    return config.with(haveBiases());
  }

  private boolean haveBiases() {
    return LayerMaker.allHaveBiases(blocks.stream().map(block -> block.attention.qkv()).toList());
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
    Tensor patches = patchEmbedding.forward(ops, pixelMajorPatches(ops, pixels));
    return ops.add(PatchTokens.withFirst(ops, classToken.floats(), patches), positions.floats());
  }

  /** {@code [batch, patches, patch * patch * channels]}: the channels of a pixel are neighbours. */
  private Tensor pixelMajorPatches(Ops ops, Tensor pixels) {
    int patch = config.patchSize();
    int side = config.imageSize() / patch;
    Tensor tiles = ops.permute(ops.reshape(pixels, pixels.dim(0), config.channels(), side, patch, side, patch), 0, 2, 4, 3, 5, 1);
    return ops.reshape(tiles, pixels.dim(0), side * side, patch * patch * config.channels());
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    return PatchTokens.token(ops, x, 0);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return head2.forward(ops, config.activation().apply(ops, head1.forward(ops, features(ops, x))));
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    all.add(patchEmbedding);
    for (Layer block : blocks) {
      block.stages().forEach(all::addAll);
    }
    all.add(head1);
    all.add(head2);
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    boolean unused = haveBiases(); // evens them out
    List<Parameter> all = new ArrayList<>(List.of(classToken, positions));
    linears().forEach(linear -> LayerMaker.addTo(all, linear));
    for (Layer block : blocks) {
      LayerMaker.addTo(all, block.norm1);
      LayerMaker.addTo(all, block.norm2);
    }
    return all;
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    return blocks.stream().flatMap(block -> block.readers().stream()).toList();
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  /** One block: {@code x += attention(norm1(x)); x += fc2(activation(fc1(norm2(x))))}. */
  private static final class Layer implements Block {
    private final String name;
    private final Norm norm1;
    private final FusedAttention attention;
    private final Norm norm2;
    private final Linear fc1;
    private final Activation activation;
    private final Linear fc2;

    Layer(int index, PlainViTConfig config, LayerMaker make) {
      name = "blocks." + index;
      String attn = "transformer.layers." + index + ".0.fn.";
      String mlp = "transformer.layers." + index + ".1.fn.";
      FusedAttention.Names names =
          new FusedAttention.Names(
              attn + "fn.to_qkv.weight", config.qkvBias() ? attn + "fn.to_qkv.bias" : null, attn + "fn.to_out.weight", attn + "fn.to_out.bias");
      norm1 = make.layerNorm(name + ".norm1", attn + "norm", config.hidden(), config.epsilon());
      attention =
          new FusedAttention(name + ".attn", names, config.hidden(), config.heads(), config.attentionScale(), make.weights(), make.sites());
      norm2 = make.layerNorm(name + ".norm2", mlp + "norm", config.hidden(), config.epsilon());
      fc1 = make.linear(name + ".mlp.fc1", mlp + "fn.net.0", config.intermediate(), config.hidden());
      activation = config.activation();
      fc2 = make.linear(name + ".mlp.fc2", mlp + "fn.net.2", config.hidden(), config.intermediate());
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

    List<ResidualStructure.Reader> readers() {
      return List.of(
          new ResidualStructure.Reader(norm1, List.of(attention.qkv())), new ResidualStructure.Reader(norm2, List.of(fc1)));
    }

    @Override
    public List<List<Linear>> stages() {
      return List.of(List.of(attention.qkv()), List.of(attention.output()), List.of(fc1), List.of(fc2));
    }
  }
}
