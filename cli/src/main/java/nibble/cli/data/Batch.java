package nibble.cli.data;

import java.util.Arrays;
import nibble.tensor.Tensor;

/** Some images and their labels in reusable memory. */
public final class Batch {
  private final ImageSet set;
  private final float[] pixels;
  private final int[] labels;
  private int count;

  Batch(ImageSet set, int capacity) {
    this.set = set;
    pixels = new float[Math.multiplyExact(capacity, set.elements())];
    labels = new int[capacity];
  }

  void read(Order order, long first, int images) {
    for (int i = 0; i < images; i++) {
      labels[i] = set.read(order.index(first + i), pixels, i * set.elements());
    }
    count = images;
  }

  /** Number of images. */
  public int count() {
    return count;
  }

  /**
   * Normalised pixels {@code [count, channels, imageSize, imageSize]}, sharing the memory of this
   * batch.
   */
  public Tensor pixels() {
    float[] exact = count == labels.length ? pixels : Arrays.copyOf(pixels, count * set.elements());
    return Tensor.of(exact, count, set.channels(), set.imageSize(), set.imageSize());
  }

  /** A copy of the labels. */
  public int[] labels() {
    return Arrays.copyOf(labels, count);
  }
}
