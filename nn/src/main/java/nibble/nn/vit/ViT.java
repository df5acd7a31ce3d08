package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * ViT and DeiT image classifiers of any size, forward and backward, with the parameter names of Hugging Face checkpoints.
 *
 * <p>Dosovitskiy et al., <a href="https://arxiv.org/abs/2010.11929">arXiv:2010.11929</a>; Touvron et al. (distillation token),
 * <a href="https://arxiv.org/abs/2012.12877">arXiv:2012.12877</a>.
 *
 * <p>Sites, in forward order: {@code patch_embed.input}; per block {@code blocks.N.attn.qkv.input}, {@code .attn.q_out}, {@code .k_out},
 * {@code .v_out}, {@code .probs}, {@code .proj.input}, {@code .mlp.fc1.input}, {@code .mlp.fc2.input}; {@code head.input} (and {@code
 * head_dist.input}); and {@code <linear>.weight} of every linear layer.
 */
public final class ViT implements ImageClassifier {
  private final ViTConfig config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final Parameter classToken;
  private final @Nullable Parameter distillationToken;
  private final Parameter positions;
  private final List<ViTBlock> blocks = new ArrayList<>();
  private final Norm finalNorm;
  private final Linear classifier;
  private final @Nullable Linear distillationClassifier;

  /** Takes the parameters from {@code weights} by their Hugging Face names. */
  public ViT(ViTConfig config, WeightSource weights) {
    this.config = config;
    String embeddings = config.prefix() + "embeddings.";
    int hidden = config.hidden();
    patchEmbedding = patchEmbedding(embeddings + "patch_embeddings.projection", weights);
    classToken = weights.parameter(embeddings + "cls_token", 1, 1, hidden);
    distillationToken = config.hasDistillationToken() ? weights.parameter(embeddings + "distillation_token", 1, 1, hidden) : null;
    positions = weights.parameter(embeddings + "position_embeddings", 1, config.tokens(), hidden);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new ViTBlock(i, config, weights, sites));
    }
    finalNorm = norm("norm", config.prefix() + "layernorm", config, weights);
    boolean twoHeads = config.architecture().equals(ViTConfig.DEIT_DISTILLED);
    classifier = head("head", twoHeads ? "cls_classifier" : "classifier", weights);
    distillationClassifier = twoHeads ? head("head_dist", "distillation_classifier", weights) : null;
  }

  private Linear patchEmbedding(String name, WeightSource weights) {
    int patch = config.patchSize();
    Parameter kernel = weights.parameter(name + ".weight", config.hidden(), config.channels(), patch, patch);
    Parameter matrix = kernel.as(config.hidden(), config.channels() * patch * patch);
    return new Linear(
        "patch_embed", matrix, weights.parameter(name + ".bias", config.hidden()), sites.add("patch_embed.input"), sites);
  }

  private Linear head(String name, String checkpointName, WeightSource weights) {
    Site input = sites.add(name + ".input");
    Parameter weight = weights.parameter(checkpointName + ".weight", config.labels(), config.hidden());
    return new Linear(name, weight, weights.parameter(checkpointName + ".bias", config.labels()), input, sites);
  }

  static Norm norm(String name, String checkpointName, ViTConfig config, WeightSource weights) {
    if (config.norm() == Norm.Kind.RMS) {
      return new Norm(name, Norm.Kind.RMS, config.epsilon(), null, null);
    }
    Parameter gain = weights.parameter(checkpointName + ".weight", config.hidden());
    Parameter bias = weights.parameter(checkpointName + ".bias", config.hidden());
    return new Norm(name, Norm.Kind.LAYER, config.epsilon(), gain, bias);
  }

  /** The dimensions as they are now: transforms may have changed the kind of normalisation and added biases. */
  public ViTConfig config() {
    boolean biases = blocks.getFirst().attention.inputs().getFirst().bias() != null;
    return config.with(biases, finalNorm.kind());
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
  public Tensor embed(Ops ops, Tensor pixels) {
    Shape expected = Shape.of(pixels.dim(0), config.channels(), config.imageSize(), config.imageSize());
    if (!pixels.shape().equals(expected)) {
      throw new IllegalArgumentException("the model takes pixels of shape " + expected + ", these are " + pixels.shape());
    }
    int batch = pixels.dim(0);
    Tensor patches = patchEmbedding.forward(ops, ops.patches(pixels, config.patchSize()));
    List<Tensor> parts = new ArrayList<>();
    parts.add(ops.expand(classToken.floats(), batch, 1, config.hidden()));
    if (distillationToken != null) {
      parts.add(ops.expand(distillationToken.floats(), batch, 1, config.hidden()));
    }
    parts.add(patches);
    return ops.add(ops.concat(1, parts.toArray(Tensor[]::new)), positions.floats());
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    return token(ops, finalNorm.forward(ops, x), 0);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    Tensor normed = finalNorm.forward(ops, x);
    Tensor logits = classifier.forward(ops, token(ops, normed, 0));
    if (distillationClassifier == null) {
      return logits;
    }
    return ops.scale(ops.add(logits, distillationClassifier.forward(ops, token(ops, normed, 1))), 0.5f);
  }

  private Tensor token(Ops ops, Tensor x, int index) {
    return ops.reshape(ops.slice(x, 1, index, index + 1), x.dim(0), config.hidden());
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
    return distillationClassifier == null ? List.of(classifier) : List.of(classifier, distillationClassifier);
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    all.addAll(embeddings());
    for (Linear linear : linears()) {
      all.add(linear.weight());
      addIfPresent(all, linear.bias());
    }
    for (ResidualStructure.Reader reader : readers()) {
      addIfPresent(all, reader.norm().gain());
      addIfPresent(all, reader.norm().bias());
    }
    return all;
  }

  private static void addIfPresent(List<Parameter> all, @Nullable Parameter parameter) {
    if (parameter != null) {
      all.add(parameter);
    }
  }

  private List<Parameter> embeddings() {
    return distillationToken == null ? List.of(classToken, positions) : List.of(classToken, distillationToken, positions);
  }

  private List<ResidualStructure.Reader> readers() {
    List<ResidualStructure.Reader> readers = new ArrayList<>();
    for (ViTBlock block : blocks) {
      readers.add(new ResidualStructure.Reader(block.norm1, block.attention.inputs()));
      readers.add(new ResidualStructure.Reader(block.norm2, List.of(block.fc1)));
    }
    readers.add(new ResidualStructure.Reader(finalNorm, heads()));
    return readers;
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    List<Linear> writers = new ArrayList<>();
    writers.add(patchEmbedding);
    List<ResidualStructure.Attention> attentions = new ArrayList<>();
    List<ResidualStructure.FeedForward> feedForwards = new ArrayList<>();
    for (ViTBlock block : blocks) {
      writers.add(block.attention.output());
      writers.add(block.fc2);
      attentions.add(block.attention.structure());
      feedForwards.add(new ResidualStructure.FeedForward(List.of(block.fc1), block.fc2));
    }
    return Optional.of(new ResidualStructure(config.hidden(), embeddings(), writers, readers(), attentions, feedForwards));
  }
}
