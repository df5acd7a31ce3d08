package nibble.nn.vit;

import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** What the embeddings of vision transformers have in common. */
final class PatchTokens {
  private PatchTokens() {}

  /** Refuses pixels of another shape than {@code [batch, channels, side, side]}. */
  static void requirePixels(Tensor pixels, int channels, int side) {
    Shape expected = Shape.of(pixels.dim(0), channels, side, side);
    if (!pixels.shape().equals(expected)) {
      throw new IllegalArgumentException(
          "the model takes pixels of shape " + expected + ", these are " + pixels.shape());
    }
  }

  /** Refuses pixels that cannot be cut into patches. */
  static void requirePatches(Tensor pixels, int channels, int patch) {
    boolean fits =
        pixels.rank() == 4
            && pixels.dim(1) == channels
            && pixels.dim(2) % patch == 0
            && pixels.dim(3) % patch == 0;
    if (!fits || pixels.dim(2) == 0 || pixels.dim(3) == 0) {
      throw new IllegalArgumentException(
          "the model takes pixels of shape [batch, %d, height, width] with multiples of %d, these are %s"
              .formatted(channels, patch, pixels.shape()));
    }
  }

  /** {@code token [1, 1, hidden]} before the {@code patches [batch, n, hidden]} of every image. */
  static Tensor withFirst(Ops ops, Tensor token, Tensor patches) {
    return ops.concat(1, ops.expand(token, patches.dim(0), token.dim(1), token.dim(2)), patches);
  }

  /**
   * Token {@code index} of every sequence {@code [batch, tokens, hidden]}: {@code [batch, hidden]}.
   */
  static Tensor token(Ops ops, Tensor x, int index) {
    return ops.reshape(ops.slice(x, 1, index, index + 1), x.dim(0), x.dim(2));
  }
}
