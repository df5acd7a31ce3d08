package nibble.nn;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A model from normalised pixels {@code [batch, channels, imageSize, imageSize]} to logits {@code
 * [batch, classes]}.
 */
public interface ImageClassifier extends Model {
  /** Width and height of the images, in pixels. */
  int imageSize();

  /**
   * Whether square images of {@code side} pixels are taken; some models take other sizes than
   * {@link #imageSize}.
   */
  default boolean takes(int side) {
    return side == imageSize();
  }

  /** Colour channels of the images. */
  int channels();

  /** Number of classes. */
  int classes();

  /** Tokens per image that the first block reads. */
  int tokens();

  /**
   * The residual stream after the last block to the final features {@code [batch, width]} that the
   * classifier reads.
   */
  Tensor features(Ops ops, Tensor x);
}
