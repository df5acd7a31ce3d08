package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import nibble.nn.ImageClassifier;
import nibble.nn.JoinableQueryKey;
import nibble.nn.JoinedQueryKey;
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
 * ViT and DeiT image classifiers of any size, forward and backward, with the parameter names of
 * Hugging Face checkpoints.
 *
 * <p>Dosovitskiy et al., <a href="https://arxiv.org/abs/2010.11929">arXiv:2010.11929</a>; Touvron
 * et al. (distillation token), <a href="https://arxiv.org/abs/2012.12877">arXiv:2012.12877</a>.
 * Variants without class token, which classify the mean of the patches: Beyer, Zhai, Kolesnikov, <a
 * href="https://arxiv.org/abs/2205.01580">arXiv:2205.01580</a>.
 *
 * <p>Sites, in forward order: {@code patch_embed.input}; per block {@code blocks.N.attn.qkv.input},
 * {@code .attn.q_out}, {@code .k_out}, {@code .v_out}, {@code .probs}, {@code .proj.input}, {@code
 * .mlp.fc1.input}, {@code .mlp.fc2.input}; {@code head.input} (and {@code head_dist.input}); before
 * each of them that has a normalisation, {@code blocks.N.norm1.input}, {@code .norm2.input} and
 * {@code norm.input}; and {@code <linear>.weight} of every linear layer.
 */
public final class ViT implements ImageClassifier, JoinableQueryKey {
  private final ViTConfig config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final @Nullable Parameter classToken;
  private final @Nullable Parameter distillationToken;
  private final Parameter positions;
  private final List<ViTBlock> blocks = new ArrayList<>();
  private final Norm finalNorm;
  private final Linear classifier;
  private final @Nullable Linear distillationClassifier;

  /** Takes the parameters from {@code weights} by their Hugging Face names. */
  public ViT(ViTConfig config, WeightSource weights) {
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
    classToken =
        config.variant().classToken()
            ? weights.parameter(embeddings + "cls_token", 1, 1, hidden)
            : null;
    distillationToken =
        config.hasDistillationToken()
            ? weights.parameter(embeddings + "distillation_token", 1, 1, hidden)
            : null;
    positions = weights.parameter(embeddings + "position_embeddings", 1, config.tokens(), hidden);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new ViTBlock(i, config, make));
    }
    finalNorm = norm("norm", config.prefix() + "layernorm", config, make);
    boolean twoHeads = config.architecture().equals(ViTConfig.DEIT_DISTILLED);
    classifier =
        make.linear("head", twoHeads ? "cls_classifier" : "classifier", config.labels(), hidden);
    distillationClassifier =
        twoHeads
            ? make.linear("head_dist", "distillation_classifier", config.labels(), hidden)
            : null;
  }

  static Norm norm(String name, String checkpointName, ViTConfig config, LayerMaker make) {
    return config.norm() == Norm.Kind.RMS
        ? new Norm(
            name,
            Norm.Kind.RMS,
            config.epsilon(),
            null,
            null,
            make.sites().add(name + ".input"),
            null)
        : make.layerNorm(name, checkpointName, config.hidden(), config.epsilon());
  }

  /**
   * The dimensions as they are now: transforms may have changed the kind of normalisation and added
   * biases.
   */
  public ViTConfig config() {
    ViTConfig.Variant variant = config.variant();
    return config
        .with(
            new ViTConfig.Variant(
                variant.classToken(), variant.meanPooling(), variant.anySize(), isJoined()))
        .with(haveBiases(), finalNorm.kind());
  }

  private boolean isJoined() {
    return blocks.getFirst().attention.isJoined();
  }

  @Override
  public List<JoinedQueryKey> joinQueriesAndKeys(Ops ops) {
    return blocks.stream().map(block -> block.attention.join(ops, sites)).toList();
  }

  private boolean haveBiases() {
    return LayerMaker.allHaveBiases(
        blocks.stream().flatMap(block -> block.attention.inputs().stream()).toList());
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
  public List<ViTBlock> blocks() {
    return blocks;
  }

  @Override
  public boolean takes(int side) {
    return side == config.imageSize()
        || (config.variant().anySize() && side > 0 && side % config.patchSize() == 0);
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    if (config.variant().anySize()) {
      PatchTokens.requirePatches(pixels, config.channels(), config.patchSize());
    } else {
      PatchTokens.requirePixels(pixels, config.channels(), config.imageSize());
    }
    Tensor tokens = patchEmbedding.forward(ops, ops.patches(pixels, config.patchSize()));
    if (distillationToken != null) {
      tokens = PatchTokens.withFirst(ops, distillationToken.floats(), tokens);
    }
    if (classToken != null) {
      tokens = PatchTokens.withFirst(ops, classToken.floats(), tokens);
    }
    return ops.add(
        tokens,
        positions(ops, pixels.dim(2) / config.patchSize(), pixels.dim(3) / config.patchSize()));
  }

  private Tensor positions(Ops ops, int down, int across) {
    return PositionGrid.fit(
        ops, positions.floats(), config.specialTokens(), config.grid(), down, across, false);
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    return pooled(ops, finalNorm.forward(ops, x));
  }

  private Tensor pooled(Ops ops, Tensor normed) {
    if (!config.variant().meanPooling()) {
      return PatchTokens.token(ops, normed, 0);
    }
    return ops.mean(ops.slice(normed, 1, config.specialTokens(), normed.dim(1)), 1, false);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    Tensor normed = finalNorm.forward(ops, x);
    Tensor logits = classifier.forward(ops, pooled(ops, normed));
    if (distillationClassifier == null) {
      return logits;
    }
    return ops.scale(
        ops.add(logits, distillationClassifier.forward(ops, PatchTokens.token(ops, normed, 1))),
        0.5f);
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    all.add(patchEmbedding);
    for (ViTBlock block : blocks) {
      block.stages().forEach(all::addAll);
    }
    all.addAll(heads());
    return all;
  }

  private List<Linear> heads() {
    return distillationClassifier == null
        ? List.of(classifier)
        : List.of(classifier, distillationClassifier);
  }

  @Override
  public List<Parameter> parameters() {
    boolean _ = haveBiases(); // evens them out
    List<Parameter> all = new ArrayList<>();
    all.addAll(embeddings());
    linears().forEach(linear -> LayerMaker.addTo(all, linear));
    for (ViTBlock block : blocks) {
      LayerMaker.addTo(all, block.norm1);
      LayerMaker.addTo(all, block.norm2);
    }
    LayerMaker.addTo(all, finalNorm);
    return all;
  }

  private List<Parameter> embeddings() {
    return Stream.of(classToken, distillationToken, positions).flatMap(Stream::ofNullable).toList();
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    List<ResidualStructure.Reader> readers = new ArrayList<>();
    for (ViTBlock block : blocks) {
      if (!block.attention.isJoined()) {
        readers.add(new ResidualStructure.Reader(block.norm1, block.attention.inputs()));
      }
      readers.add(new ResidualStructure.Reader(block.norm2, List.of(block.fc1)));
    }
    readers.add(new ResidualStructure.Reader(finalNorm, heads()));
    return readers;
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    if (isJoined()) {
      return Optional.empty();
    }
    List<Linear> writers = new ArrayList<>();
    writers.add(patchEmbedding);
    for (ViTBlock block : blocks) {
      writers.add(block.attention.output());
      writers.add(block.fc2);
    }
    return Optional.of(
        new ResidualStructure(
            config.hidden(), embeddings(), writers, readers(), attentions(), feedForwards()));
  }
}
