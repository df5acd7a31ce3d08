package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.List;
import nibble.quant.model.SampleSource;
import nibble.quant.model.SiteFitting;
import nibble.tensor.Tensor;

/** Inputs of a model in batches of one size. */
public final class SampleBatches {
  private SampleBatches() {}

  /**
   * The first {@code count} samples of a source.
   *
   * @param batch samples a batch; the last one may have fewer
   */
  public static List<Tensor> of(SampleSource samples, int count, int batch) {
    Tensor all = SiteFitting.oneBatch(samples, count);
    List<Tensor> batches = new ArrayList<>();
    for (int from = 0; from < all.dim(0); from += batch) {
      batches.add(all.slice(0, from, Math.min(all.dim(0), from + batch)).toF32());
    }
    return batches;
  }
}
