package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Samples drawn at random from batches, the same from every list of tensors: neighbours of one
 * batch, and of further batches of the same shape while there are too few of them.
 */
final class SampleDraw {
  private record Rows(int batch, int from, int to) {}

  private final List<Rows> rows = new ArrayList<>();

  /**
   * @param batches from which is drawn
   * @param count samples wanted; fewer where no more batches of the shape are left
   */
  SampleDraw(List<Tensor> batches, int count, SplittableRandom random) {
    int first = random.nextInt(batches.size());
    int left = add(batches, first, count, random);
    if (left > 0) {
      Shape shape = batches.get(first).shape().with(0, 1);
      int[] others = shuffled(batches.size(), random);
      for (int i = 0; i < others.length && left > 0; i++) {
        if (others[i] != first && batches.get(others[i]).shape().with(0, 1).equals(shape)) {
          left = add(batches, others[i], left, random);
        }
      }
    }
  }

  private int add(List<Tensor> batches, int batch, int wanted, SplittableRandom random) {
    int count = batches.get(batch).dim(0);
    int take = Math.min(wanted, count);
    int from = random.nextInt(count - take + 1);
    rows.add(new Rows(batch, from, from + take));
    return wanted - take;
  }

  private static int[] shuffled(int count, SplittableRandom random) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  /** The drawn samples of {@code batches} as one tensor. */
  Tensor of(List<Tensor> batches) {
    if (rows.size() == 1) {
      Rows only = rows.getFirst();
      return batches.get(only.batch).slice(0, only.from, only.to).toF32();
    }
    int samples = rows.stream().mapToInt(r -> r.to - r.from).sum();
    Shape shape = batches.get(rows.getFirst().batch).shape().with(0, samples);
    float[] values = new float[Math.toIntExact(shape.size())];
    int filled = 0;
    for (Rows r : rows) {
      float[] part = batches.get(r.batch).slice(0, r.from, r.to).toFloats();
      System.arraycopy(part, 0, values, filled, part.length);
      filled += part.length;
    }
    return Tensor.of(Arrays.copyOf(values, filled), shape.dims());
  }
}
