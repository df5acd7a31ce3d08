package nibble.nn.clip;

import java.util.List;
import java.util.Optional;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.TransformerBlock;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * CLIP and SigLIP: images and texts to vectors {@code [count, projection]} of one space, not
 * normalised.
 *
 * <p>{@link #forward} is its image side and takes normalised pixels {@code [batch, channels,
 * imageSize, imageSize]}; {@link #textVectors} is the other side, whose sites are called {@code
 * text.layers.N...} and {@code head.text}. Layers, tables and parameters are those of both; a
 * forward pass with blocks, to quantize, has each of the {@link #sides}.
 *
 * <p>Radford et al., <a href="https://arxiv.org/abs/2103.00020">arXiv:2103.00020</a>; Zhai et al.
 * (SigLIP), <a href="https://arxiv.org/abs/2303.15343">arXiv:2303.15343</a>; parameter names as in
 * Hugging Face transformers.
 */
public final class ClipModel implements Model {
  private final ClipConfig config;
  private final Sites sites = new Sites();
  private final ImageTower image;
  private final TextTower text;
  private final Parameter logitScale;
  private final @Nullable Parameter logitBias;

  /** Takes the parameters from {@code weights}. */
  public ClipModel(ClipConfig config, WeightSource weights) {
    this.config = config;
    Layers make = new Layers(weights, sites, false);
    image = new ImageTower(config, make);
    text = new TextTower(config, make);
    logitScale = scalar(weights, "logit_scale", config.siglip());
    logitBias = config.siglip() ? scalar(weights, "logit_bias", true) : null;
  }

  /** CLIP stores its scale without axes, SigLIP with one. */
  private static Parameter scalar(WeightSource weights, String name, boolean axis) {
    return axis ? weights.parameter(name, 1) : weights.parameter(name);
  }

  public ClipConfig config() {
    return config;
  }

  /**
   * The vectors of texts, {@code [texts, projection]}.
   *
   * @param texts token ids; CLIP: with the end-of-text token; SigLIP: padded to the length that it
   *     was trained with (64), since it is trained without a mask and pools the last token
   * @throws IllegalArgumentException if a text is longer than the context, or has no end-of-text
   *     token
   */
  public Tensor textVectors(Ops ops, List<int[]> texts) {
    return text.vectors(ops, texts);
  }

  /**
   * How well each image fits each text, {@code [images, texts]}: cosine times the learned scale,
   * plus the learned bias of SigLIP. CLIP makes probabilities of a row by softmax, SigLIP of every
   * score by the logistic function.
   */
  public Tensor scores(Ops ops, Tensor imageVectors, Tensor textVectors) {
    Tensor cosines =
        ops.matmulTransposed(normalized(ops, imageVectors), normalized(ops, textVectors));
    Tensor scaled = ops.mul(cosines, ops.exp(logitScale.floats()));
    return logitBias == null ? scaled : ops.add(scaled, logitBias.floats());
  }

  private static Tensor normalized(Ops ops, Tensor x) {
    return ops.div(x, ops.sqrt(ops.sum(ops.square(x), -1, true)));
  }

  @Override
  public String architecture() {
    return config.architecture();
  }

  @Override
  public Sites sites() {
    return sites;
  }

  /** The image side and the text side. */
  @Override
  public List<Model> sides() {
    return List.of(image, text);
  }

  /** Those of the image side. */
  @Override
  public List<TransformerBlock> blocks() {
    return image.blocks();
  }

  @Override
  public Tensor embed(Ops ops, Tensor pixels) {
    return image.embed(ops, pixels);
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return image.head(ops, x);
  }

  @Override
  public List<Linear> linears() {
    return sides().stream().flatMap(side -> side.linears().stream()).toList();
  }

  @Override
  public List<Embedding> tables() {
    return text.tables();
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList();
    sides().forEach(side -> side.parameters().forEach(all::add));
    return all.add(logitScale).add(logitBias).toList();
  }

  /** Empty: rotations of the two sides are not described. */
  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  @Override
  public List<ResidualStructure.Reader> readers() {
    return image.blocks().stream().flatMap(block -> block.readers().stream()).toList();
  }
}
