package nibble.quant.reconstruct;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.quant.model.ResumeStore;
import nibble.tensor.Tensor;

/**
 * What was learned in a window, as a state to go on from: the values of all leaves, both losses.
 */
final class LearnedWindow {
  private static final String LOSSES = "losses";
  private static final int PARTS = 4;
  private static final int PART_BITS = 16;

  private LearnedWindow() {}

  static ResumeStore.State state(List<Tensor> leaves, BlockReconstructor.Result result) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < leaves.size(); i++) {
      tensors.put(key(i), Tensor.of(leaves.get(i).toFloats(), (int) leaves.get(i).size()));
    }
    float[] losses = new float[2 * PARTS];
    split(result.before(), losses, 0);
    split(result.after(), losses, PARTS);
    tensors.put(LOSSES, Tensor.of(losses, losses.length));
    return new ResumeStore.State(1, tensors);
  }

  /**
   * Puts the values of a state into {@code leaves}.
   *
   * @throws IllegalArgumentException if it is that of other leaves
   */
  static BlockReconstructor.Result restore(ResumeStore.State state, List<Tensor> leaves) {
    for (int i = 0; i < leaves.size(); i++) {
      state.copy(key(i), leaves.get(i));
    }
    float[] losses = state.values(LOSSES, 2 * PARTS);
    return new BlockReconstructor.Result(joined(losses, 0), joined(losses, PARTS));
  }

  private static String key(int leaf) {
    return "leaf." + leaf;
  }

  /** A double, 16 bits in each of four floats: stores keep floats. */
  private static void split(double value, float[] to, int at) {
    long bits = Double.doubleToRawLongBits(value);
    for (int i = 0; i < PARTS; i++) {
      to[at + i] = bits >>> (PART_BITS * i) & 0xFFFF;
    }
  }

  private static double joined(float[] from, int at) {
    long bits = 0;
    for (int i = 0; i < PARTS; i++) {
      bits |= (long) from[at + i] << (PART_BITS * i);
    }
    return Double.longBitsToDouble(bits);
  }
}
