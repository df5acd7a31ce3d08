package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
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
      return new Samples(SampleBatches.joined(rows), hasLabels() ? labels : null);
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
