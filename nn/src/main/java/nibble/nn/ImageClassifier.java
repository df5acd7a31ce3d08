package nibble.nn;

import nibble.tensor.Ops;
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

  /** Normalised pixels to logits {@code [batch, classes]}. */
  default Tensor forward(Ops ops, Tensor pixels) {
    Tensor x = embed(ops, pixels);
    for (Block block : blocks()) {
      x = block.forward(ops, x);
    }
    return head(ops, x);
  }
}
