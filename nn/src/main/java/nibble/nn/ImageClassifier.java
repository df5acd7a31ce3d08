package nibble.nn;

import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/** A model from images to class logits. */
public interface ImageClassifier extends Model {
  /** Width and height of the images, in pixels. */
  int imageSize();

  /** Colour channels of the images. */
  int channels();

  /** Number of classes. */
  int classes();

  /** Normalised pixels {@code [batch, channels, imageSize, imageSize]} to the residual stream {@code [batch, tokens, hidden]}. */
  Tensor embed(Ops ops, Tensor pixels);

  /** The residual stream after the last block to logits {@code [batch, classes]}. */
  Tensor head(Ops ops, Tensor x);

  /** The residual stream after the last block to the final features {@code [batch, hidden]} that the classifier reads. */
  Tensor features(Ops ops, Tensor x);

  /** Normalised pixels to logits {@code [batch, classes]}. Without gradients, memory is recycled from block to block. */
  default Tensor forward(Ops ops, Tensor pixels) {
    Tensor x = embed(ops, pixels);
    for (Block block : blocks()) {
      x = ops.isRecording() ? block.forward(ops, x) : recycling(ops, block, x);
    }
    return head(ops, x);
  }

  private static Tensor recycling(Ops ops, Block block, Tensor x) {
    try (Scope scope = ops.scope()) {
      return scope.keep(block.forward(ops, x));
    }
  }
}
