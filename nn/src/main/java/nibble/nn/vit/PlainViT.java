package nibble.nn.vit;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The pre-norm vision transformer of the first {@code vit-pytorch}, with its parameter names:
 * patches in the order row, column, channel through a linear layer; attention without biases of
 * query, key and value and with a scale of its own; no normalisation after the last block; the
 * class token through {@code linear - activation - linear}.
 *
 * <p>Sites are those of {@link ViT}; query, key and value are one linear layer {@code
 * blocks.N.attn.qkv}, the head is {@code head.fc1} and {@code head.fc2}. The head reads the stream
 * without a normalisation before it, so the stream cannot be rotated as a whole.
 */
public final class PlainViT extends ClassTokenViT {
  /** What {@link #architecture} says. */
  public static final String ARCHITECTURE = "PlainViTForImageClassification";

  private final PlainViTConfig config;
  private final Linear head1;
  private final Linear head2;

  /** Takes the parameters from {@code weights}. */
  public PlainViT(PlainViTConfig config, WeightSource weights) {
    super(
        size(config),
        weights,
        "pos_embedding",
        make -> patchLayer(config, make),
        make -> index -> block(index, config, make));
    this.config = config;
    head1 = make().linear("head.fc1", "mlp_head.0", config.intermediate(), config.hidden());
    head2 = make().linear("head.fc2", "mlp_head.2", config.labels(), config.intermediate());
  }

  private static Size size(PlainViTConfig c) {
    return new Size(
        c.imageSize(), c.patchSize(), c.channels(), c.tokens(), c.hidden(), c.layers(), c.labels());
  }

  private static Linear patchLayer(PlainViTConfig config, LayerMaker make) {
    return make.linear(
        "patch_embed",
        "patch_to_embedding",
        config.hidden(),
        config.channels() * config.patchSize() * config.patchSize());
  }

  private static FusedBlock block(int index, PlainViTConfig config, LayerMaker make) {
    String name = "blocks." + index;
    String attn = "transformer.layers." + index + ".0.fn.";
    String mlp = "transformer.layers." + index + ".1.fn.";
    int hidden = config.hidden();
    FusedAttention.Names names =
        new FusedAttention.Names(
            attn + "fn.to_qkv.weight",
            config.qkvBias() ? attn + "fn.to_qkv.bias" : null,
            attn + "fn.to_out.weight",
            attn + "fn.to_out.bias");
    return new FusedBlock(
        name,
        FusedBlock.Order.BEFORE,
        make.layerNorm(name + ".norm1", attn + "norm", hidden, config.epsilon()),
        new FusedAttention(
            name + ".attn",
            names,
            hidden,
            config.heads(),
            config.attentionScale(),
            make.weights(),
            make.sites()),
        make.layerNorm(name + ".norm2", mlp + "norm", hidden, config.epsilon()),
        make.linear(name + ".mlp.fc1", mlp + "fn.net.0", config.intermediate(), hidden),
        make.nonlinearity(name + ".mlp", config.activation()),
        make.linear(name + ".mlp.fc2", mlp + "fn.net.2", hidden, config.intermediate()));
  }

  /** The dimensions as they are now: transforms may have added biases. */
  public PlainViTConfig config() {
    return config.with(haveBiases());
  }

  private boolean haveBiases() {
    return LayerMaker.allHaveBiases(
        blocks().stream().map(block -> block.attention().qkv()).toList());
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }

  /** The channels of a pixel are neighbours. */
  @Override
  Tensor patches(Ops ops, Tensor pixels) {
    int patch = config.patchSize();
    int side = config.imageSize() / patch;
    Tensor tiles =
        ops.permute(
            ops.reshape(pixels, pixels.dim(0), config.channels(), side, patch, side, patch),
            0,
            2,
            4,
            3,
            5,
            1);
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
  List<Linear> headLinears() {
    return List.of(head1, head2);
  }

  @Override
  public List<Parameter> parameters() {
    boolean _ = haveBiases(); // evens them out
    return super.parameters();
  }
}
