package nibble.nn.vit;

import java.util.List;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A block whose queries, keys and values come from one linear layer.
 *
 * @param name within the model
 * @param order where it normalises
 * @param norm1 of the attention
 * @param norm2 of the feed-forward layer
 * @param activation between {@code fc1} and {@code fc2}
 */
record FusedBlock(
    String name,
    Order order,
    Norm norm1,
    FusedAttention attention,
    Norm norm2,
    Linear fc1,
    Nonlinearity activation,
    Linear fc2)
    implements Block {
  /** Where a block normalises. */
  enum Order {
    /** {@code x += attention(norm1(x)); x += fc2(activation(fc1(norm2(x))))}. */
    BEFORE,
    /** {@code x = norm1(x + attention(x)); x = norm2(x + fc2(activation(fc1(x))))}. */
    AFTER
  }

  @Override
  public Tensor forward(Ops ops, Tensor x) {
    return switch (order) {
      case BEFORE -> {
        Tensor attended = attention.forwardAdd(ops, norm1.forward(ops, x), x);
        yield feedForwardAdd(ops, norm2.forward(ops, attended), attended);
      }
      case AFTER -> {
        Tensor attended = norm1.forward(ops, attention.forwardAdd(ops, x, x));
        yield norm2.forward(ops, feedForwardAdd(ops, attended, attended));
      }
    };
  }

  private Tensor feedForwardAdd(Ops ops, Tensor x, Tensor residual) {
    return fc2.forwardAdd(ops, activation.after(ops, fc1, x), residual);
  }

  @Override
  public List<List<Linear>> stages() {
    return List.of(
        List.of(attention.qkv()), List.of(attention.output()), List.of(fc1), List.of(fc2));
  }

  @Override
  public Optional<ResidualStructure.Attention> attentionPath() {
    return Optional.of(attention.path());
  }

  @Override
  public Optional<ResidualStructure.FeedForward> feedForwardPath() {
    return Optional.of(ResidualStructure.FeedForward.plain(fc1, activation.function(), fc2));
  }

  /** The normalisations with who reads them, where nothing else does: none after a sum. */
  List<ResidualStructure.Reader> readers() {
    return switch (order) {
      case BEFORE ->
          List.of(
              new ResidualStructure.Reader(norm1, List.of(attention.qkv())),
              new ResidualStructure.Reader(norm2, List.of(fc1)));
      case AFTER -> List.of();
    };
  }
}
