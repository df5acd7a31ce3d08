package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import nibble.nn.TokenIds;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** Samples in memory. Training takes them in random order and unchanged. */
final class MemorySamples implements SampleSource {
  private final List<Samples> batches;
  private final int size;

  MemorySamples(List<Samples> batches) {
    this.batches = List.copyOf(batches);
    size = batches.stream().mapToInt(Samples::count).sum();
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public boolean hasLabels() {
    return size > 0 && batches.stream().allMatch(b -> b.labels() != null);
  }

  @Override
  public List<Samples> batches() {
    return batches;
  }

  @Override
  public SampleStream training(int batch, long seed, long from) {
    if (size == 0) {
      throw new IllegalArgumentException("there are no samples to train on; pass some");
    }
    return new Stream(batch, seed, from);
  }

  private final class Stream implements SampleStream {
    private final int batch;
    private final long seed;
    private final int[] order = new int[size];
    private long run = -1;
    private long position;

    Stream(int batch, long seed, long from) {
      this.batch = batch;
      this.seed = seed;
      position = from;
    }

    @Override
    public Samples next() {
      List<Tensor> rows = new ArrayList<>();
      int[] labels = new int[batch];
      for (int i = 0; i < batch; i++) {
        Place place = place(index(position++));
        rows.add(place.samples().inputs().slice(0, place.row(), place.row() + 1));
        int[] known = place.samples().labels();
        labels[i] = known == null ? 0 : known[place.row()];
      }
      return new Samples(joined(rows), hasLabels() ? labels : null);
    }

    private record Place(Samples samples, int row) {}

    private Place place(int index) {
      int rest = index;
      for (Samples samples : batches) {
        if (rest < samples.count()) {
          return new Place(samples, rest);
        }
        rest -= samples.count();
      }
      throw new IndexOutOfBoundsException(index);
    }

    private static Tensor joined(List<Tensor> rows) {
      Shape shape = rows.getFirst().shape();
      for (Tensor row : rows) {
        if (!row.shape().equals(shape)) {
          throw new IllegalArgumentException(
              "samples of one batch must have one shape, found %s and %s; train with a batch of 1, or with windows of one length"
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

    private int index(long place) {
      if (place / size != run) {
        run = place / size;
        SplittableRandom random = new SplittableRandom(seed ^ Long.reverse(run + 1));
        for (int i = 0; i < size; i++) {
          int j = random.nextInt(i + 1);
          order[i] = order[j];
          order[j] = i;
        }
      }
      return order[(int) (place % size)];
    }

    @Override
    public void close() {}
  }
}
