package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * DINOv2 image classifiers, with and without register tokens, with the parameter names of Hugging
 * Face checkpoints: a ViT with layer scale and, in its largest size, a gated feed-forward layer,
 * whose classifier reads the class token beside the mean of the patches.
 *
 * <p>Oquab et al., <a href="https://arxiv.org/abs/2304.07193">arXiv:2304.07193</a>; Darcet et al.
 * (registers), <a href="https://arxiv.org/abs/2309.16588">arXiv:2309.16588</a>.
 *
 * <p>Images may have any size that is a multiple of the patch; the positions are resampled to it,
 * with antialiasing where there are registers, as Hugging Face does. Sites are those of {@link
 * ViT}. The classifier reads two normalised tokens side by side and layer scale stands between the
 * writers and the stream, so there is no residual structure.
 */
public final class Dinov2 implements ImageClassifier {
  private final Dinov2Config config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final Parameter classToken;
  private final @Nullable Parameter maskToken;
  private final @Nullable Parameter registers;
  private final Parameter positions;
  private final List<Dinov2Block> blocks = new ArrayList<>();
  private final Norm finalNorm;
  private final Linear classifier;

  /**
   * Takes the parameters from {@code weights} by their Hugging Face names. A mask token, which only
   * pretraining uses, is kept if there is one.
   */
  public Dinov2(Dinov2Config config, WeightSource weights) {
    this.config = config;
    LayerMaker make = new LayerMaker(weights, sites);
    String embeddings = config.prefix() + "embeddings.";
    int hidden = config.hidden();
    patchEmbedding =
        make.patchConvolution(
            embeddings + "patch_embeddings.projection",
            hidden,
            config.channels(),
            config.patchSize());
    classToken = weights.parameter(embeddings + "cls_token", 1, 1, hidden);
    maskToken =
        weights.has(embeddings + "mask_token")
            ? weights.parameter(embeddings + "mask_token", 1, hidden)
            : null;
    registers =
        config.registers() > 0
            ? weights.parameter(embeddings + "register_tokens", 1, config.registers(), hidden)
            : null;
    positions =
        weights.parameter(
            embeddings + "position_embeddings", 1, 1 + config.grid() * config.grid(), hidden);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Dinov2Block(i, config, make));
    }
    finalNorm = make.layerNorm("norm", config.prefix() + "layernorm", hidden, config.epsilon());
    classifier = make.linear("head", "classifier", config.labels(), 2 * hidden);
  }

  /** The dimensions as they are now: transforms may have added biases. */
  public Dinov2Config config() {
    return config.with(haveBiases());
  }

  private boolean haveBiases() {
    return LayerMaker.allHaveBiases(
        blocks.stream().flatMap(block -> block.attentionInputs().stream()).toList());
  }

  @Override
  public String architecture() {
    return config.architecture();
  }

  @Override
  public int imageSize() {
    return config.imageSize();
  }

  @Override
  public boolean takes(int side) {
    return side > 0 && side % config.patchSize() == 0;
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
  public List<Dinov2Block> blocks() {
    return blocks;
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    PatchTokens.requirePatches(pixels, config.channels(), config.patchSize());
    Tensor patches = patchEmbedding.forward(ops, ops.patches(pixels, config.patchSize()));
    Tensor placed =
        ops.add(
            PatchTokens.withFirst(ops, classToken.floats(), patches),
            positions(ops, pixels.dim(2), pixels.dim(3)));
    if (registers == null) {
      return placed;
    }
    Tensor rest = ops.slice(placed, 1, 1, placed.dim(1));
    return ops.concat(
        1, ops.slice(placed, 1, 0, 1), PatchTokens.withFirst(ops, registers.floats(), rest));
  }

  private Tensor positions(Ops ops, int height, int width) {
    int down = height / config.patchSize();
    int across = width / config.patchSize();
    boolean antialias = config.architecture().equals(Dinov2Config.WITH_REGISTERS);
    return PositionGrid.fit(ops, positions.floats(), 1, config.grid(), down, across, antialias);
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    Tensor normed = finalNorm.forward(ops, x);
    Tensor patches = ops.slice(normed, 1, 1 + config.registers(), normed.dim(1));
    return ops.concat(1, PatchTokens.token(ops, normed, 0), ops.mean(patches, 1, false));
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return classifier.forward(ops, features(ops, x));
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    all.add(patchEmbedding);
    for (Dinov2Block block : blocks) {
      block.stages().forEach(all::addAll);
    }
    all.add(classifier);
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    boolean _ = haveBiases(); // evens them out
    List<Parameter> all = new ArrayList<>();
    all.add(classToken);
    if (maskToken != null) {
      all.add(maskToken);
    }
    if (registers != null) {
      all.add(registers);
    }
    all.add(positions);
    linears().forEach(linear -> LayerMaker.addTo(all, linear));
    blocks.forEach(block -> block.addOwnParameters(all));
    LayerMaker.addTo(all, finalNorm);
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
}
