package nibble.nn;

import java.util.List;
import java.util.Optional;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * One layer of a model's trunk, from residual stream to residual stream. Quantization walks a model
 * block by block.
 */
public interface Block {
  /** Name within the model, such as {@code blocks.3}. */
  String name();

  /**
   * The residual stream {@code [batch, tokens, hidden]} of whole sequences, one block further; a
   * block may change tokens or width.
   */
  Tensor forward(Ops ops, Tensor x);

  /**
   * Linear layers in groups that may be quantized together, in the order of execution: first q, k
   * and v, then the output projection, ...
   */
  List<List<Linear>> stages();

  /** The linear layers of all stages. */
  default List<Linear> linears() {
    return stages().stream().flatMap(List::stream).toList();
  }

  /**
   * How queries, keys and values pass its attention; empty for a block without attention, or one
   * that cannot say it.
   */
  default Optional<ResidualStructure.Attention> attentionPath() {
    return Optional.empty();
  }

  /**
   * How its feed-forward layer is put together; empty for a block without one, or one that cannot
   * say it.
   */
  default Optional<ResidualStructure.FeedForward> feedForwardPath() {
    return Optional.empty();
  }
}
