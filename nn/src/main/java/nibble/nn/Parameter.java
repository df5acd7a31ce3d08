package nibble.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A named tensor of a model. The name is the one in the checkpoint. The value starts as the
 * checkpoint's tensor, of any dtype and possibly mapped from the file; it becomes a float copy in
 * memory when somebody wants to change or train it. Not thread-safe while it changes.
 *
 * <p>A parameter that is {@link #tied} to another one shares its value until one of the two is
 * replaced; then each has its own.
 */
public final class Parameter {
  private final String name;
  private final Shape shape;
  private final Shape storedShape;
  private final List<Parameter> followers = new ArrayList<>();
  private Supplier<Tensor> source;
  private @Nullable Tensor value;
  private @Nullable Parameter origin;
  private @Nullable Derivation derivation;

  /**
   * How a parameter that is stored in other numbers is written: as {@code base} while nobody
   * changed it, else through {@code back}.
   */
  private record Derivation(Parameter base, UnaryOperator<Tensor> back) {}

  /** A parameter with a value. */
  public Parameter(String name, Tensor value) {
    this(name, value.shape(), value.shape(), () -> value);
    this.value = value;
  }

  /**
   * A parameter whose value is made when it is first asked for.
   *
   * @param shape shape in computations
   * @param storedShape shape in checkpoints, with as many elements (a patch embedding is stored as
   *     a convolution kernel)
   * @param source makes the value, of either shape
   */
  public Parameter(String name, Shape shape, Shape storedShape, Supplier<Tensor> source) {
    if (shape.size() != storedShape.size()) {
      throw new IllegalArgumentException(
          "parameter '" + name + "' cannot be " + shape + " and stored as " + storedShape);
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

  /**
   * The same parameter, computed with as the transpose {@code [b, a]} of what is stored {@code [a,
   * b]}.
   */
  public Parameter transposed() {
    return derived(
        Shape.of(shape.dim(1), shape.dim(0)), Parameter::transpose, Parameter::transpose);
  }

  private static Tensor transpose(Tensor tensor) {
    return tensor.transposed(0, 1).to(tensor.dtype());
  }

  /** The same parameter, computed with {@code amount} more in every element than what is stored. */
  public Parameter plus(float amount) {
    return derived(shape, tensor -> shifted(tensor, amount), tensor -> shifted(tensor, -amount));
  }

  private static Tensor shifted(Tensor tensor, float amount) {
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] += amount;
    }
    return Tensor.of(values, tensor.shape().dims());
  }

  private Parameter derived(
      Shape computed, UnaryOperator<Tensor> forward, UnaryOperator<Tensor> back) {
    Parameter result = new Parameter(name, computed, storedShape, () -> forward.apply(peek()));
    result.derivation = new Derivation(this, back);
    return result;
  }

  /**
   * A parameter {@code name} that shares the value of {@code origin}, gradients included, until one
   * of the two is replaced.
   */
  public static Parameter tied(String name, Parameter origin) {
    Parameter result = new Parameter(name, origin.shape, origin.storedShape, origin::peek);
    result.origin = origin;
    origin.followers.add(result);
    return result;
  }

  /** Whether the value is still that of the parameter this one was tied to. */
  public boolean isTied() {
    return origin != null;
  }

  /** Takes the value that the origin has now as its own. */
  private void untie() {
    Parameter former = origin;
    if (former != null) {
      origin = null;
      former.followers.remove(this);
      value = former.value;
      source = former.source;
      derivation = former.derivation;
    }
  }

  /** To be called before the value is replaced: nobody else follows. */
  private void separate() {
    untie();
    List.copyOf(followers).forEach(Parameter::untie);
    derivation = derivation == null ? null : new Derivation(this, derivation.back);
  }

  /** Name in the checkpoint, such as {@code vit.encoder.layer.3.output.dense.weight}. */
  public String name() {
    return name;
  }

  /** Shape in computations. */
  public Shape shape() {
    return shape;
  }

  /**
   * The value as it is kept: any dtype, possibly read-only. A value that was not there is made and
   * kept.
   */
  public Tensor value() {
    if (origin != null) {
      return origin.value();
    }
    Tensor current = peek();
    value = current;
    return current;
  }

  /** The value; one that was not there is made for the caller and not kept. */
  public Tensor peek() {
    if (origin != null) {
      return origin.peek();
    }
    Tensor current = value;
    return current == null ? source.get().view(shape.dims()) : current;
  }

  /** The value in the shape that checkpoints have. */
  public Tensor stored() {
    if (origin != null) {
      return origin.stored();
    }
    if (derivation == null) {
      return value().view(storedShape.dims());
    }
    return derivation.base == this
        ? derivation.back.apply(value()).view(storedShape.dims())
        : derivation.base.stored();
  }

  /** Replaces the value. The shape must stay. */
  public void set(Tensor replacement) {
    if (!replacement.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "parameter '"
              + name
              + "' has shape "
              + shape
              + ", the replacement "
              + replacement.shape());
    }
    separate();
    value = replacement;
  }

  /**
   * Replaces the value by {@code change} of it, computed when it is next asked for: so a transform
   * of a whole model costs the memory of one parameter at a time.
   *
   * @param change from a tensor of {@link #shape()} to one of the same shape
   */
  public void map(UnaryOperator<Tensor> change) {
    separate();
    Tensor known = value;
    Supplier<Tensor> before = source;
    int[] dims = shape.dims();
    replace(() -> change.apply(known == null ? before.get().view(dims) : known));
  }

  /**
   * Makes the value of now, whatever becomes of this parameter: to undo changes, or to {@link
   * #replace} the value of another model's parameter. A value in heap memory is copied now; one
   * that is mapped from a file, or made when it is asked for, costs nothing.
   */
  public Supplier<Tensor> snapshot() {
    if (origin != null) {
      return origin.snapshot();
    }
    Tensor known = value;
    if (known == null) {
      Supplier<Tensor> maker = source;
      return () -> maker.get().view(shape.dims());
    }
    Tensor kept =
        known.segment().heapBase().isEmpty() ? known : Tensor.of(known.toFloats(), shape.dims());
    return () -> kept;
  }

  /** Replaces the value by one that {@code maker} makes when it is asked for. */
  public void replace(Supplier<Tensor> maker) {
    separate();
    source = maker;
    value = null;
  }

  /** Whether gradients of the value are wanted. Makes no value. */
  public boolean requiresGrad() {
    if (origin != null) {
      return origin.requiresGrad();
    }
    return value != null && value.requiresGrad();
  }

  /** The value as F32 in heap memory; converted and kept on the first call. */
  public Tensor floats() {
    if (origin != null) {
      return origin.floats();
    }
    Tensor current = value();
    if (current.dtype() != DType.F32
        || !current.isContiguous()
        || current.segment().heapBase().isEmpty()) {
      current = current.toF32();
      value = current;
    }
    return current;
  }

  /** {@link #floats()}, marked as requiring a gradient. */
  public Tensor train() {
    if (origin != null) {
      return origin.train();
    }
    derivation = derivation == null ? null : new Derivation(this, derivation.back);
    return floats().requireGrad();
  }

  @Override
  public String toString() {
    return name + " " + shape;
  }
}
