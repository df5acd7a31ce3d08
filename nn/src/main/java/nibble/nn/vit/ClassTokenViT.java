package nibble.nn.vit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The frame of {@link PlainViT} and {@link PostNormViT}: patches of square images through a linear
 * layer, a class token before them, learned positions, {@link FusedBlock}s, and a head that reads
 * the class token. There is no residual structure.
 */
abstract class ClassTokenViT implements ImageClassifier {
  /**
   * Its dimensions.
   *
   * @param tokens of an image, the class token included
   */
  record Size(
      int imageSize, int patchSize, int channels, int tokens, int hidden, int layers, int labels) {}

  private final Size size;
  private final LayerMaker make;
  private final Parameter classToken;
  private final Parameter positions;
  private final Linear patchEmbedding;
  private final List<FusedBlock> blocks;

  /**
   * @param positionName of the positions in the checkpoint
   * @param patches makes the linear layer of patches
   * @param block makes a block by its number
   */
  ClassTokenViT(
      Size size,
      WeightSource weights,
      String positionName,
      LayerFactory<Linear> patches,
      LayerFactory<IntFunction<FusedBlock>> block) {
    this.size = size;
    make = new LayerMaker(weights, new Sites());
    patchEmbedding = patches.make(make);
    classToken = weights.parameter("cls_token", 1, 1, size.hidden());
    positions = weights.parameter(positionName, 1, size.tokens(), size.hidden());
    blocks = IntStream.range(0, size.layers()).mapToObj(block.make(make)).toList();
  }

  /** Makes a part of the model with the model's sites. */
  interface LayerFactory<T> {
    T make(LayerMaker make);
  }

  /** Makes the layers of the head. */
  final LayerMaker make() {
    return make;
  }

  /**
   * The patches of images {@code [batch, patches, patch * patch * channels]}, in the order that the
   * weights expect.
   */
  abstract Tensor patches(Ops ops, Tensor pixels);

  /** What reads the class token. */
  abstract List<Linear> headLinears();

  @Override
  public final int imageSize() {
    return size.imageSize();
  }

  @Override
  public final int channels() {
    return size.channels();
  }

  @Override
  public final int classes() {
    return size.labels();
  }

  @Override
  public final int tokens() {
    return size.tokens();
  }

  @Override
  public final Sites sites() {
    return make.sites();
  }

  @Override
  public final List<FusedBlock> blocks() {
    return blocks;
  }

  @Override
  public final Tensor embed(Ops ops, Tensor pixels) {
    PatchTokens.requirePixels(pixels, size.channels(), size.imageSize());
    Tensor patches = patchEmbedding.forward(ops, patches(ops, pixels));
    return ops.add(PatchTokens.withFirst(ops, classToken.floats(), patches), positions.floats());
  }

  @Override
  public final List<Linear> linears() {
    List<Linear> all = new ArrayList<>(List.of(patchEmbedding));
    blocks.forEach(block -> all.addAll(block.linears()));
    all.addAll(headLinears());
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList().add(classToken).add(positions).addLinears(linears());
    blocks.forEach(block -> all.add(block.norm1()).add(block.norm2()));
    return all.toList();
  }

  @Override
  public final List<ResidualStructure.Reader> readers() {
    return blocks.stream().flatMap(block -> block.readers().stream()).toList();
  }

  @Override
  public final Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }
}
