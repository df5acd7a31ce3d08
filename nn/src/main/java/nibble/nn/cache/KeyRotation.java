package nibble.nn.cache;

import java.util.Arrays;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;

/**
 * The change of keys before they become codes, which spreads outliers over channels: {@code heads}
 * neighbouring heads are turned together by an orthonormal Hadamard matrix, then their channels are
 * put into an order of their own, so that channels of a like level share a group of codes. It is
 * undone when keys are read. RotateKV (<a
 * href="https://arxiv.org/abs/2501.16383">arXiv:2501.16383</a>), grouped-head rotation and
 * outlier-aware reordering; there the change is folded into the key projection, here it is done
 * when a key is stored, so that it works with any projection, packed ones too. Differs: channels
 * are put in order among the heads that are turned together, not among all.
 */
public final class KeyRotation {
  private final int heads;
  private final HadamardTransform transform;
  private final int[] order;

  /**
   * @param heads that are turned together
   * @param headDim channels of a head
   * @param order {@code [keyValueHeads * headDim]}: stored channel {@code i} is turned channel
   *     {@code order[i]}, which belongs to the same heads
   * @throws IllegalArgumentException if there is no Hadamard matrix of the size, or {@code order}
   *     is no such permutation
   */
  public KeyRotation(int heads, int headDim, int[] order) {
    this.heads = heads;
    transform = HadamardTransform.of(Math.multiplyExact(heads, headDim));
    this.order = order.clone();
    int size = transform.size();
    if (order.length == 0 || order.length % size != 0) {
      throw new IllegalArgumentException(
          "%d channels cannot be turned in groups of %d heads of %d"
              .formatted(order.length, heads, headDim));
    }
    boolean[] seen = new boolean[order.length];
    for (int i = 0; i < order.length; i++) {
      int channel = order[i];
      if (channel < 0 || channel >= order.length || channel / size != i / size || seen[channel]) {
        throw new IllegalArgumentException(
            "channel %d is stored as %d, which is twice in the order or belongs to other heads"
                .formatted(i, channel));
      }
      seen[channel] = true;
    }
  }

  /** Without another order. */
  public static KeyRotation inOrder(CacheShape shape, int heads) {
    int[] order = new int[shape.width()];
    Arrays.setAll(order, i -> i);
    return new KeyRotation(heads, shape.headDim(), order);
  }

  /** Heads that are turned together. */
  public int heads() {
    return heads;
  }

  /** The order of the channels. */
  public int[] order() {
    return order.clone();
  }

  /** {@code x [width]} becomes what is stored. */
  void apply(float[] x, int at, float[] out, int to, Scratch scratch) {
    int size = transform.size();
    transform.forward(order.length / size, x, at, scratch);
    for (int i = 0; i < order.length; i++) {
      out[to + i] = x[at + order[i]];
    }
  }

  /**
   * The reverse for {@code rows} rows of the channels of heads {@code head} to {@code head + heads
   * - 1}.
   */
  void undo(int rows, int head, int headDim, float[] x, int at, Scratch scratch) {
    int size = transform.size();
    float[] stored = scratch.floats(8, size);
    int first = head * headDim;
    for (int row = 0; row < rows; row++) {
      System.arraycopy(x, at + row * size, stored, 0, size);
      for (int i = 0; i < size; i++) {
        x[at + row * size + order[first + i] - first] = stored[i];
      }
    }
    transform.transposed(rows, x, at, scratch);
  }
}
