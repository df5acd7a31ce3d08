package nibble.quant.model;

import java.util.List;
import nibble.tensor.Tensor;

/** Samples that a method may look at. */
public interface SampleSource {
  /** Number of samples. */
  int size();

  /** Whether their labels are known. */
  boolean hasLabels();

  /**
   * All samples in a fixed order, prepared as for evaluation, a batch at a time. The caller may go
   * through them again and again.
   */
  List<Samples> batches();

  /**
   * An endless random order of all samples, varied where the source can do that (mirrored and
   * shifted images). The same arguments give the same samples; going on at {@code from} gives what
   * a stream from 0 gives after as many.
   *
   * @param batch samples a batch, at least 1
   * @param from samples that were seen before
   */
  SampleStream training(int batch, long seed, long from);

  /** The inputs of all batches. */
  default List<Tensor> inputs() {
    return batches().stream().map(Samples::inputs).toList();
  }

  /** No samples. */
  static SampleSource none() {
    return new MemorySamples(List.of());
  }

  /** Batches in memory. */
  static SampleSource of(List<Samples> batches) {
    return new MemorySamples(batches);
  }
}
