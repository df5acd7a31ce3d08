package nibble.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The place of one tensor in a differentiation: a leaf that collects a gradient, or the result of a
 * recorded operator.
 */
final class Track {
  private final Shape shape;
  private final @Nullable Node producer;
  private @Nullable Tensor grad;

  private Track(Shape shape, @Nullable Node producer) {
    this.shape = shape;
    this.producer = producer;
  }

  static Track leaf(Shape shape) {
    return new Track(shape, null);
  }

  static Track resultOf(Node producer, Shape shape) {
    return new Track(shape, producer);
  }

  boolean isLeaf() {
    return producer == null;
  }

  @Nullable Node producer() {
    return producer;
  }

  Shape shape() {
    return shape;
  }

  /**
   * The gradient of a leaf; null for results, whose gradients live only while {@code backward}
   * runs.
   */
  @Nullable Tensor grad() {
    return isLeaf() ? grad : null;
  }

  void clearGrad() {
    grad = null;
  }

  void setGrad(Tensor value) {
    grad = value;
  }
}
