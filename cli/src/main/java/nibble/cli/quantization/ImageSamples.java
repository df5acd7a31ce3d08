package nibble.cli.quantization;

import java.util.List;
import nibble.cli.data.Batch;
import nibble.cli.data.BatchReader;
import nibble.cli.data.ImageSet;
import nibble.cli.data.Order;
import nibble.cli.data.TrainingImages;
import nibble.quant.model.SampleSource;
import nibble.quant.model.SampleStream;
import nibble.quant.model.Samples;

/**
 * Images as samples of a method: as for evaluation in memory; to train on, mirrored and shifted,
 * read on a thread of their own.
 */
final class ImageSamples implements SampleSource {
  private final ImageSet set;
  private final boolean labelled;
  private final List<Samples> batches;

  /**
   * @param set all images
   * @param batches the same images, prepared
   */
  ImageSamples(ImageSet set, boolean labelled, List<Samples> batches) {
    this.set = set;
    this.labelled = labelled;
    this.batches = List.copyOf(batches);
  }

  @Override
  public int size() {
    return Math.toIntExact(set.size());
  }

  @Override
  public boolean hasLabels() {
    return labelled;
  }

  @Override
  public List<Samples> batches() {
    return batches;
  }

  @Override
  public SampleStream training(int batch, long seed, long from) {
    BatchReader reader =
        new BatchReader(
            new TrainingImages(set, seed, true), Order.sequential(), batch, from, Long.MAX_VALUE);
    return new SampleStream() {
      @Override
      public Samples next() {
        Batch read = reader.next();
        if (read == null) {
          throw new IllegalStateException("an endless stream of images ended");
        }
        return Samples.of(read.pixels(), labelled ? read.labels() : null);
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }
}
