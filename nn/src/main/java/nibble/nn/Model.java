package nibble.nn;

import java.util.List;
import java.util.Optional;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * What every model shows to quantization, inspection and training.
 *
 * <p>A forward pass is {@link #embed}, then the {@link #blocks} one after the other, then {@link
 * #head}. The input is one tensor: normalised pixels {@code [batch, channels, height, width]} for
 * models of images, token ids (I32) {@code [batch, tokens]} of whole sequences without padding for
 * models of text. Masks, caches and positions belong to methods of the single model.
 */
public interface Model {
  /**
   * Architecture name as in the checkpoint's configuration, such as {@code
   * ViTForImageClassification}.
   */
  String architecture();

  /** All places where a quantizer may stand. */
  Sites sites();

  /** All linear layers in the order of the forward pass, embedding and head included. */
  List<Linear> linears();

  /** Tables of word vectors that a method may quantize; none by default. */
  default List<Embedding> tables() {
    return List.of();
  }

  /**
   * The forward passes that this model consists of, each a model of its own with layers of its own:
   * by default only itself. Quantization works on one after the other.
   */
  default List<Model> sides() {
    return List.of(this);
  }

  /** The trunk. */
  List<? extends Block> blocks();

  /** All parameters by the names of the checkpoint. */
  List<Parameter> parameters();

  /**
   * How the residual stream is written and read; what rotations and foldings work on. Empty for
   * models without a stream that could be rotated as a whole, such as those that normalise the
   * stream itself (post-norm) or change its width.
   */
  Optional<ResidualStructure> residualStructure();

  /**
   * Normalisations with the linear layers that read their result, where nothing else reads it: what
   * scales of channels can be folded through. A model without a residual structure may have some
   * too.
   */
  default List<ResidualStructure.Reader> readers() {
    return residualStructure().map(ResidualStructure::readers).orElse(List.of());
  }

  /**
   * The attention layers of the {@link #blocks} that can describe their paths, whether or not the
   * stream can be rotated.
   */
  default List<ResidualStructure.Attention> attentions() {
    return blocks().stream().flatMap(block -> block.attentionPath().stream()).toList();
  }

  /**
   * The feed-forward layers of the {@link #blocks} that can describe their paths, whether or not
   * the stream can be rotated.
   */
  default List<ResidualStructure.FeedForward> feedForwards() {
    return blocks().stream().flatMap(block -> block.feedForwardPath().stream()).toList();
  }

  /** The input to what the first block reads, {@code [batch, tokens, hidden]}. */
  Tensor embed(Ops ops, Tensor input);

  /** What the last block gives to the model's result, such as logits. */
  Tensor head(Ops ops, Tensor x);

  /** The input to the model's result. Without gradients, memory is recycled from block to block. */
  default Tensor forward(Ops ops, Tensor input) {
    Tensor x = embed(ops, input);
    for (Block block : blocks()) {
      x = ops.isRecording() ? through(ops, block, x) : recycling(ops, block, x);
    }
    return head(ops, x);
  }

  /**
   * What one of the {@link #blocks} makes of the stream, with the map that runs {@linkplain
   * Sites#beside beside} it. Who walks a model block by block walks through this method.
   */
  default Tensor through(Ops ops, Block block, Tensor x) {
    Tensor result = block.forward(ops, x);
    AffineMap map = sites().beside().get(block.name());
    return map == null ? result : map.addTo(ops, x, result);
  }

  private Tensor recycling(Ops ops, Block block, Tensor x) {
    try (Scope scope = ops.scope()) {
      return scope.keep(through(ops, block, x));
    }
  }

  /** Number of elements of all parameters. */
  default long parameterCount() {
    return parameters().stream().mapToLong(p -> p.shape().size()).sum();
  }

  /** The linear layer {@code name}; a model without it is an error. */
  default Linear linear(String name) {
    return linears().stream()
        .filter(l -> l.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("the model has no linear layer '" + name + "'"));
  }

  /**
   * The structure of the residual stream, for transforms that cannot do without.
   *
   * @throws IllegalArgumentException if the model has none
   */
  default ResidualStructure requireResidualStructure() {
    return residualStructure()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    architecture()
                        + " has no residual stream that can be rotated or folded as a whole; choose"
                        + " a method without rotation"));
  }
}
