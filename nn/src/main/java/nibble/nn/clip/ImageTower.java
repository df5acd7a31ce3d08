package nibble.nn.clip;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The image side: patches, a class token (CLIP), blocks, then the class token projected (CLIP) or
 * attention pooling (SigLIP).
 */
final class ImageTower implements Model {
  private final ClipConfig config;
  private final Sites sites;
  private final Linear patchEmbedding;
  private final @Nullable Parameter classToken;
  private final Parameter positions;
  private final @Nullable Norm firstNorm;
  private final List<TransformerBlock> blocks;
  private final Norm lastNorm;
  private final @Nullable Linear projection;
  private final @Nullable AttentionPooling pooling;

  ImageTower(ClipConfig config, Layers make) {
    this.config = config;
    sites = make.sites();
    int hidden = config.vision().hidden();
    int patch = config.patchSize();
    String embeddings = "vision_model.embeddings.";
    Parameter kernel =
        make.weights()
            .parameter(
                embeddings + "patch_embedding.weight", hidden, config.channels(), patch, patch);
    Parameter bias =
        config.siglip()
            ? make.weights().parameter(embeddings + "patch_embedding.bias", hidden)
            : null;
    Parameter matrix = kernel.as(hidden, config.channels() * patch * patch);
    patchEmbedding =
        new Linear("patch_embed", matrix, bias, make.input("patch_embed"), make.sites());
    classToken =
        config.siglip() ? null : make.weights().parameter(embeddings + "class_embedding", hidden);
    int tokens = config.patches() + (config.siglip() ? 0 : 1);
    positions = make.weights().parameter(embeddings + "position_embedding.weight", tokens, hidden);
    float epsilon = config.vision().epsilon();
    // the misspelt name is that of the checkpoints
    firstNorm =
        config.siglip()
            ? null
            : make.layerNorm("norm0", "vision_model.pre_layrnorm", hidden, epsilon, true);
    blocks = ClipLayers.blocks(make, "", "vision_model.", config.vision(), Visibility.ALL);
    lastNorm = make.layerNorm("norm", "vision_model.post_layernorm", hidden, epsilon, true);
    projection =
        config.siglip()
            ? null
            : make.linear("head", "visual_projection", config.projection(), hidden, false);
    pooling = config.siglip() ? new AttentionPooling(make, config.vision()) : null;
  }

  @Override
  public String architecture() {
    return config.architecture();
  }

  @Override
  public Sites sites() {
    return sites;
  }

  @Override
  public List<TransformerBlock> blocks() {
    return blocks;
  }

  /** Empty: a rotation of one side would have to be undone where the vectors of both meet. */
  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    int side = config.imageSize();
    Shape expected = Shape.of(pixels.dim(0), config.channels(), side, side);
    if (!pixels.shape().equals(expected)) {
      throw new IllegalArgumentException(
          "the model takes pixels of shape " + expected + ", these are " + pixels.shape());
    }
    int whole = side / config.patchSize() * config.patchSize();
    Tensor cut = whole == side ? pixels : ops.slice(ops.slice(pixels, 2, 0, whole), 3, 0, whole);
    Tensor x = patchEmbedding.forward(ops, ops.patches(cut, config.patchSize()));
    if (classToken != null) {
      x = ops.concat(1, ops.expand(classToken.floats(), x.dim(0), 1, x.dim(2)), x);
    }
    Tensor placed = ops.add(x, positions.floats());
    return firstNorm == null ? placed : firstNorm.forward(ops, placed);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    if (pooling != null) {
      return pooling.forward(ops, lastNorm.forward(ops, x));
    }
    Tensor token = ops.reshape(ops.slice(x, 1, 0, 1), x.dim(0), x.dim(2));
    Tensor normed = lastNorm.forward(ops, token);
    return projection == null ? normed : projection.forward(ops, normed);
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>(List.of(patchEmbedding));
    blocks.forEach(block -> all.addAll(block.linears()));
    if (projection != null) {
      all.add(projection);
    }
    if (pooling != null) {
      all.addAll(pooling.linears());
    }
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList().addLinears(linears());
    all.add(classToken).add(positions).add(firstNorm);
    blocks.forEach(block -> all.addNorms(block.norms()));
    all.add(lastNorm);
    if (pooling != null) {
      pooling.addOthers(all);
    }
    return all.toList();
  }
}
