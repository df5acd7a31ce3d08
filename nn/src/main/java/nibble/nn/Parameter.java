package nibble.nn;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A named tensor of a model. The name is the one in the checkpoint. The value starts as the checkpoint's tensor, of any dtype and possibly
 * mapped from the file; it becomes a float copy in memory when somebody wants to change or train it. Not thread-safe while it changes.
 */
public final class Parameter {
  private final String name;
  private final Shape shape;
  private final Shape storedShape;
  private Supplier<Tensor> source;
  private @Nullable Tensor value;

  /** A parameter with a value. */
  public Parameter(String name, Tensor value) {
    this(name, value.shape(), value.shape(), () -> value);
    this.value = value;
  }

  /**
   * A parameter whose value is made when it is first asked for.
   *
   * @param shape shape in computations
   * @param storedShape shape in checkpoints, with as many elements (a patch embedding is stored as a convolution kernel)
   * @param source makes the value, of either shape
   */
  public Parameter(String name, Shape shape, Shape storedShape, Supplier<Tensor> source) {
    if (shape.size() != storedShape.size()) {
      throw new IllegalArgumentException("parameter '" + name + "' cannot be " + shape + " and stored as " + storedShape);
    }
    this.name = name;
    this.shape = shape;
    this.storedShape = storedShape;
    this.source = source;
  }

  /** The same parameter, computed with as {@code dims}, stored as before. */
  public Parameter as(int... dims) {
    return new Parameter(name, Shape.of(dims), storedShape, this::value);
  }

  /** Name in the checkpoint, such as {@code vit.encoder.layer.3.output.dense.weight}. */
  public String name() {
    return name;
  }

  /** Shape in computations. */
  public Shape shape() {
    return shape;
  }

  /** The value as it is kept: any dtype, possibly read-only. A value that was not there is made and kept. */
  public Tensor value() {
    Tensor current = peek();
    value = current;
    return current;
  }

  /** The value; one that was not there is made for the caller and not kept. */
  public Tensor peek() {
    Tensor current = value;
    return current == null ? source.get().view(shape.dims()) : current;
  }

  /** The value in the shape that checkpoints have. */
  public Tensor stored() {
    return value().view(storedShape.dims());
  }

  /** Replaces the value. The shape must stay. */
  public void set(Tensor replacement) {
    if (!replacement.shape().equals(shape)) {
      throw new IllegalArgumentException("parameter '" + name + "' has shape " + shape + ", the replacement " + replacement.shape());
    }
    value = replacement;
  }

  /**
   * Replaces the value by {@code change} of it, computed when it is next asked for: so a transform of a whole model costs the memory of one
   * parameter at a time.
   *
   * @param change from a tensor of {@link #shape()} to one of the same shape
   */
  public void map(UnaryOperator<Tensor> change) {
    Tensor known = value;
    Supplier<Tensor> before = source;
    int[] dims = shape.dims();
    replace(() -> change.apply(known == null ? before.get().view(dims) : known));
  }

  /** Replaces the value by one that {@code maker} makes when it is asked for. */
  public void replace(Supplier<Tensor> maker) {
    source = maker;
    value = null;
  }

  /** The value as F32 in heap memory; converted and kept on the first call. */
  public Tensor floats() {
    Tensor current = value();
    if (current.dtype() != DType.F32 || !current.isContiguous() || current.segment().heapBase().isEmpty()) {
      current = current.toF32();
      value = current;
    }
    return current;
  }

  /** {@link #floats()}, marked as requiring a gradient. */
  public Tensor train() {
    return floats().requireGrad();
  }

  @Override
  public String toString() {
    return name + " " + shape;
  }
}
