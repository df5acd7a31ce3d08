package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.TokenIds;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Inputs of a model in batches of other sizes than the source has them. Token ids stay I32, all
 * else is F32.
 */
public final class SampleBatches {
  private SampleBatches() {}

  /**
   * The first {@code count} samples of a source as one batch; all if there are fewer.
   *
   * @throws IllegalArgumentException if there are none, or they are not of one shape
   */
  public static Tensor one(SampleSource samples, int count) {
    return joined(rows(samples, count));
  }

  /**
   * The first {@code count} samples of a source; all if there are fewer.
   *
   * @param batch samples a batch; the last one may have fewer
   * @throws IllegalArgumentException if there are none, or those of a batch are not of one shape
   */
  public static List<Tensor> of(SampleSource samples, int count, int batch) {
    List<Tensor> rows = rows(samples, count);
    List<Tensor> batches = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += batch) {
      batches.add(joined(rows.subList(from, Math.min(rows.size(), from + batch))));
    }
    return batches;
  }

  private static List<Tensor> rows(SampleSource samples, int count) {
    List<Tensor> rows = new ArrayList<>();
    for (Samples batch : samples.batches()) {
      for (int row = 0; row < batch.count() && rows.size() < count; row++) {
        rows.add(batch.inputs().slice(0, row, row + 1));
      }
      if (rows.size() >= count) {
        break; // later batches need not be made
      }
    }
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("there are no samples to look at; pass some");
    }
    return rows;
  }

  /** Samples {@code [1, ...]} as one batch. */
  static Tensor joined(List<Tensor> rows) {
    Shape shape = rows.getFirst().shape();
    for (Tensor row : rows) {
      if (!row.shape().equals(shape)) {
        throw new IllegalArgumentException(
            "samples of one batch must have one shape, found %s and %s; take batches of 1, or windows of one length"
                .formatted(shape, row.shape()));
      }
    }
    if (rows.getFirst().dtype() == DType.I32) {
      return TokenIds.tensor(rows.stream().map(row -> TokenIds.of(row).flat()).toList());
    }
    int elements = (int) shape.size();
    float[] values = new float[Math.multiplyExact(rows.size(), elements)];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i).toFloats(), 0, values, i * elements, elements);
    }
    return Tensor.of(values, shape.with(0, rows.size()).dims());
  }
}
