package nibble.quant.discquant;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.TrainingState;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Weights between two grid points each, moved to one of them without changing what a loss sees:
 *
 * <pre>{@code
 * w(x) = (1 - x) d + x u        y: w(y) = w
 * g = clamp(rho dL/dx, -c, c) - (2 y - 1)        x <- clip(Adam(x, g), 0, 1)        in the end x <- [x >= 1/2]
 * }</pre>
 *
 * <p>The second term points to the nearer of both; a loss with few constraints leaves few elements
 * undecided. DiscQuant, arXiv:2501.06417. Elements beyond their grid have no choice and no
 * gradient.
 */
final class RoundingSearch {
  private static final float DECIDED = 1e-2f;

  private final List<RoundingGrid> grids;
  private final List<Tensor> shares = new ArrayList<>();
  private final double weight;
  private final double limit;
  private final AdamW optimizer;

  /**
   * Begins at the weights, {@code x = y}.
   *
   * @param weight rho
   * @param limit c
   */
  RoundingSearch(List<RoundingGrid> grids, double rate, double weight, double limit) {
    this.grids = List.copyOf(grids);
    this.weight = weight;
    this.limit = limit;
    for (RoundingGrid grid : grids) {
      float[] y = new float[grid.params().rows() * grid.params().columns()];
      for (int i = 0; i < y.length; i++) {
        y[i] = grid.share(i);
      }
      shares.add(Tensor.of(y, grid.params().rows(), grid.params().columns()).requireGrad());
    }
    optimizer = new AdamW(AdamWOptions.DEFAULTS, new ParameterGroup("roundings", rate, 0, shares));
  }

  /** The weight between the points, of one grid. */
  Tensor weight(Ops ops, int index) {
    return grids.get(index).between(ops, shares.get(index));
  }

  /** To be called before a loss is recorded. */
  void begin() {
    optimizer.clearGrads();
  }

  /** One update from the gradients of {@code loss}, rank 0. */
  void update(Ops ops, Tensor loss, double rateFactor) {
    ops.backward(loss);
    for (int i = 0; i < shares.size(); i++) {
      Tensor x = shares.get(i);
      Tensor gradient = x.grad();
      if (gradient != null) {
        combine(grids.get(i), gradient);
      }
    }
    optimizer.step(ops.splitter(), rateFactor);
    for (Tensor x : shares) {
      for (int i = x.offset(); i < x.offset() + x.size(); i++) {
        x.array()[i] = Math.clamp(x.array()[i], 0, 1);
      }
    }
  }

  /** Where the search is after {@code updates}, to go on from with {@link #restore}. */
  ResumeStore.State state(int updates) {
    return TrainingState.of(updates, optimizer, leaves(), List.of());
  }

  /**
   * Goes on from a state.
   *
   * @return updates that are done
   * @throws IllegalArgumentException if it is that of other grids
   */
  int restore(ResumeStore.State state) {
    return TrainingState.restore(state, optimizer, leaves(), new ArrayList<>());
  }

  private Map<String, Tensor> leaves() {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    for (int i = 0; i < shares.size(); i++) {
      leaves.put("share." + i, shares.get(i));
    }
    return leaves;
  }

  private void combine(RoundingGrid grid, Tensor gradient) {
    for (int i = 0; i < gradient.size(); i++) {
      int at = gradient.offset() + i;
      double pull = 2 * grid.share(i) - 1;
      gradient.array()[at] =
          grid.isFree(i)
              ? (float) (Math.clamp(weight * gradient.array()[at], -limit, limit) - pull)
              : 0;
    }
  }

  /** Share of the free elements that are within a hundredth of 0 or 1. */
  double decided() {
    long free = 0;
    long decided = 0;
    for (int k = 0; k < shares.size(); k++) {
      float[] x = shares.get(k).toFloats();
      for (int i = 0; i < x.length; i++) {
        if (grids.get(k).isFree(i)) {
          free++;
          decided += Math.min(x[i], 1 - x[i]) <= DECIDED ? 1 : 0;
        }
      }
    }
    return free == 0 ? 1 : (double) decided / free;
  }

  /** The codes of one grid with every element rounded. */
  QuantizedTensor codes(int index) {
    return grids.get(index).codes(shares.get(index).toFloats(), 0.5f);
  }
}
