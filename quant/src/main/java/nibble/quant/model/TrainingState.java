package nibble.quant.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.train.AdamW;
import nibble.tensor.Tensor;

/** A training as a state to go on from: leaves, what the optimizer remembers of them, losses. */
public final class TrainingState {
  private static final String LOSSES = "losses";

  private TrainingState() {}

  /**
   * The state after {@code step} updates.
   *
   * @param leaves by name
   * @param losses points of a curve so far; kept in single precision
   */
  public static ResumeStore.State of(
      int step, AdamW optimizer, Map<String, Tensor> leaves, List<double[]> losses) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    leaves.forEach(
        (key, leaf) -> {
          AdamW.State moments = optimizer.state(leaf);
          int size = (int) leaf.size();
          tensors.put(key, Tensor.of(leaf.toFloats(), size));
          tensors.put("first." + key, Tensor.of(moments.first().clone(), size));
          tensors.put("second." + key, Tensor.of(moments.second().clone(), size));
        });
    float[] curve = new float[2 * losses.size()];
    for (int i = 0; i < losses.size(); i++) {
      curve[2 * i] = (float) losses.get(i)[0];
      curve[2 * i + 1] = (float) losses.get(i)[1];
    }
    tensors.put(LOSSES, Tensor.of(curve, curve.length));
    return new ResumeStore.State(step, tensors);
  }

  /**
   * Puts a state into leaves, the optimizer and the empty list of losses.
   *
   * @return updates that are done
   * @throws IllegalArgumentException if it is that of other leaves
   */
  public static int restore(
      ResumeStore.State state, AdamW optimizer, Map<String, Tensor> leaves, List<double[]> losses) {
    leaves.forEach(
        (key, leaf) -> {
          long size = leaf.size();
          state.copy(key, leaf);
          optimizer.restore(
              leaf,
              new AdamW.State(
                  (int) state.step(),
                  state.values("first." + key, size),
                  state.values("second." + key, size)));
        });
    Tensor curve = state.tensors().get(LOSSES);
    float[] points = curve == null ? new float[0] : curve.toFloats();
    for (int i = 0; i + 1 < points.length; i += 2) {
      losses.add(new double[] {points[i], points[i + 1]});
    }
    return (int) state.step();
  }
}
