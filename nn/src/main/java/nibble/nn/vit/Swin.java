package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
 * Swin image classifiers with the parameter names of Hugging Face checkpoints: attention within
 * windows that every second block shifts, a learned bias for the relative place of two patches, and
 * patch merging between stages.
 *
 * <p>Liu et al., <a href="https://arxiv.org/abs/2103.14030">arXiv:2103.14030</a>.
 *
 * <p>Blocks are numbered through all stages, with sites as those of {@link ViT}; the merging after
 * stage N is the block {@code merges.N} with the layer {@code merges.N.reduction}. The width of the
 * stream changes from stage to stage, so there is no residual structure.
 */
public final class Swin implements ImageClassifier {
  /** The Hugging Face class. */
  public static final String ARCHITECTURE = "SwinForImageClassification";

  private static final float EMBEDDING_EPSILON = 1e-5f;

  private final SwinConfig config;
  private final Sites sites = new Sites();
  private final Linear patchEmbedding;
  private final Norm embeddingNorm;
  private final List<Block> blocks = new ArrayList<>();
  private final List<Linear> projections = new ArrayList<>();
  private final List<Linear> reductions = new ArrayList<>();
  private final List<Parameter> ownParameters = new ArrayList<>();
  private final List<ResidualStructure.Reader> readers = new ArrayList<>();
  private final Norm finalNorm;
  private final Linear classifier;

  /** Takes the parameters from {@code weights} by their Hugging Face names. */
  public Swin(SwinConfig config, WeightSource weights) {
    this.config = config;
    LayerMaker make = new LayerMaker(weights, sites);
    String embeddings = "swin.embeddings.";
    patchEmbedding =
        make.patchConvolution(
            embeddings + "patch_embeddings.projection",
            config.embedDim(),
            config.channels(),
            config.patchSize());
    embeddingNorm =
        make.layerNorm(
            "patch_embed.norm", embeddings + "norm", config.embedDim(), EMBEDDING_EPSILON);
    int index = 0;
    for (int stage = 0; stage < config.stages(); stage++) {
      for (int i = 0; i < config.depths().get(stage); i++) {
        SwinBlock block = new SwinBlock(index++, stage, i, config, make);
        block.addOwnParameters(ownParameters);
        readers.addAll(block.readers());
        projections.addAll(block.attentionInputs());
        blocks.add(block);
      }
      if (stage + 1 < config.stages()) {
        PatchMerging merging = new PatchMerging(stage, config, make);
        merging.addOwnParameters(ownParameters);
        readers.add(merging.reader());
        reductions.addAll(merging.stages().getFirst());
        blocks.add(merging);
      }
    }
    int width = config.width(config.stages() - 1);
    finalNorm = make.layerNorm("norm", "swin.layernorm", width, config.epsilon());
    classifier = make.linear("head", "classifier", config.labels(), width);
    readers.add(new ResidualStructure.Reader(finalNorm, List.of(classifier)));
  }

  /** The dimensions as they are now: transforms may have added biases. */
  public SwinConfig config() {
    return config.with(LayerMaker.allHaveBiases(projections), LayerMaker.allHaveBiases(reductions));
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
    return config.grid(0) * config.grid(0);
  }

  @Override
  public Sites sites() {
    return sites;
  }

  @Override
  public List<Block> blocks() {
    return blocks;
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    PatchTokens.requirePixels(pixels, config.channels(), config.imageSize());
    return embeddingNorm.forward(
        ops, patchEmbedding.forward(ops, ops.patches(pixels, config.patchSize())));
  }

  @Override
  public Tensor features(Ops ops, Tensor x) {
    return ops.mean(finalNorm.forward(ops, x), 1, false);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return classifier.forward(ops, features(ops, x));
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    all.add(patchEmbedding);
    for (Block block : blocks) {
      block.stages().forEach(all::addAll);
    }
    all.add(classifier);
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    boolean _ = LayerMaker.allHaveBiases(projections); // evens them out
    boolean _ = LayerMaker.allHaveBiases(reductions);
    List<Parameter> all = new ArrayList<>();
    linears().forEach(linear -> LayerMaker.addTo(all, linear));
    LayerMaker.addTo(all, embeddingNorm);
    all.addAll(ownParameters);
    LayerMaker.addTo(all, finalNorm);
    return all;
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    return readers;
  }

  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }
}
