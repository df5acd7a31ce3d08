package nibble.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A dtype, a {@link Shape}, and strides over memory.
 *
 * <p><b>Working tensors</b> are F32, row-major and contiguous over a Java {@code float[]}: {@link
 * #array()} and {@link #offset()} give direct access. Operators ({@link Ops}) take and return them.
 * <b>Checkpoint tensors</b> of any dtype lie over a native or mapped segment; {@link #toF32()}
 * makes a working tensor of them. Views share memory with their origin and never take part in
 * differentiation: use the operators of {@link Ops} where a gradient has to flow.
 *
 * <p>Memory: heap arrays belong to the garbage collector, except results that an open {@link Scope}
 * recycles; a segment lives as long as the arena it came from. Reading a tensor from several
 * threads is safe while nobody writes.
 */
public final class Tensor {
  private static final int ALIGNMENT = 64;

  private final Storage storage;
  private final DType dtype;
  private final Shape shape;
  private final long[] strides;
  private final long offset;
  private final boolean contiguous;
  private @Nullable Track track;

  Tensor(Storage storage, DType dtype, Shape shape, long[] strides, long offset) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    contiguous = shape.size() <= 1 || Strided.isRowMajor(shape, strides);
  }

  Tensor(Storage storage, DType dtype, Shape shape) {
    this(storage, dtype, shape, shape.rowMajorStrides(), 0);
  }

  /**
   * A working tensor over {@code data}, which is not copied.
   *
   * @throws IllegalArgumentException if the dimensions do not hold exactly {@code data.length}
   *     elements
   */
  public static Tensor of(float[] data, int... dims) {
    Shape shape = Shape.of(dims);
    if (shape.size() != data.length) {
      throw new IllegalArgumentException(
          "shape %s needs %d floats, the array has %d".formatted(shape, shape.size(), data.length));
    }
    return new Tensor(Storage.of(data), DType.F32, shape);
  }

  /** A working tensor of zeros. */
  public static Tensor zeros(int... dims) {
    Shape shape = Shape.of(dims);
    return new Tensor(Storage.of(new float[Math.toIntExact(shape.size())]), DType.F32, shape);
  }

  /** A working tensor of rank 0. */
  public static Tensor scalar(float value) {
    return of(new float[] {value});
  }

  /**
   * A row-major tensor over {@code data}, which stays with its owner.
   *
   * @throws IllegalArgumentException if {@code data} does not have exactly the bytes of the shape
   */
  public static Tensor ofSegment(MemorySegment data, DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.size(), dtype.bytes());
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s of shape %s needs %d bytes, the segment has %d"
              .formatted(dtype, shape, bytes, data.byteSize()));
    }
    return new Tensor(Storage.of(data), dtype, shape);
  }

  /** A native tensor of zeros, aligned to 64 bytes, that lives as long as {@code arena}. */
  public static Tensor allocate(Arena arena, DType dtype, int... dims) {
    Shape shape = Shape.of(dims);
    return ofSegment(
        arena.allocate(Math.multiplyExact(shape.size(), dtype.bytes()), ALIGNMENT), dtype, shape);
  }

  /** Dimensions. */
  public Shape shape() {
    return shape;
  }

  /** Element type. */
  public DType dtype() {
    return dtype;
  }

  /** Number of dimensions. */
  public int rank() {
    return shape.rank();
  }

  /** One dimension; negative axes count from the end. */
  public int dim(int axis) {
    return shape.dim(axis);
  }

  /** Number of elements. */
  public long size() {
    return shape.size();
  }

  /** Bytes of all elements. */
  public long byteSize() {
    return shape.size() * dtype.bytes();
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    return contiguous;
  }

  /**
   * Exactly the bytes of this tensor, shared. Throws {@link IllegalStateException} if it is not
   * contiguous or was recycled.
   */
  public MemorySegment segment() {
    if (!contiguous) {
      throw new IllegalStateException(
          "a strided view %s has no segment of its own; use toF32()".formatted(this));
    }
    return storage.segment().asSlice(offset * dtype.bytes(), byteSize());
  }

  /**
   * The array behind a working tensor, shared; the elements begin at {@link #offset()}.
   *
   * @throws IllegalStateException if this is no working tensor (use {@link #toF32()}), or its scope
   *     has been closed
   */
  public float[] array() {
    if (!contiguous) {
      throw new IllegalStateException(
          "a strided view %s has no array of its own; use toF32()".formatted(this));
    }
    return storage.floats();
  }

  /** Index of the first element in {@link #array()}. */
  public int offset() {
    return (int) offset;
  }

  /** One element, converted to float. */
  public float get(int... index) {
    if (index.length != rank()) {
      throw new IllegalArgumentException(
          "index %s for a tensor %s".formatted(Arrays.toString(index), shape));
    }
    long at = offset;
    for (int axis = 0; axis < index.length; axis++) {
      at += java.util.Objects.checkIndex(index[axis], shape.dim(axis)) * strides[axis];
    }
    return read(at);
  }

  /** The only element. Throws {@link IllegalStateException} if there are more or fewer. */
  public float item() {
    if (size() != 1) {
      throw new IllegalStateException("item() needs a tensor of one element, this one is " + shape);
    }
    return read(offset);
  }

  private float read(long at) {
    return storage.isHeap()
        ? storage.floats()[(int) at]
        : (float) Elements.read(storage.segment(), dtype, at);
  }

  /**
   * Whether the elements are floats on the heap and those of the last axis follow one another;
   * {@link #heap} and {@link #stride} tell where.
   */
  boolean hasConsecutiveRows() {
    return storage.isHeap() && (strides[rank() - 1] == 1 || dim(-1) == 1);
  }

  /**
   * The array behind this tensor, which may be a strided view; index 0 of every axis is at {@link
   * #offset()}.
   */
  float[] heap() {
    return storage.floats();
  }

  /** Elements from one index of {@code axis} to the next. */
  int stride(int axis) {
    return Math.toIntExact(strides[axis]);
  }

  /** Whether {@link #array()} works. */
  boolean isWorking() {
    return contiguous && storage.isHeap();
  }

  /** This tensor if it is a working tensor, otherwise a converted copy. */
  public Tensor toF32() {
    return isWorking() ? this : of(toFloats(), shape.dims());
  }

  /** A copy of the elements in row-major order, as floats. */
  public float[] toFloats() {
    float[] out = new float[Math.toIntExact(size())];
    copyTo(out, 0);
    return out;
  }

  /** Copies the elements in row-major order, as floats, to {@code out} from {@code at} on. */
  void copyTo(float[] out, int at) {
    if (storage.isHeap()) {
      Strided.copy(storage.floats(), (int) offset, strides, shape, out, at);
    } else if (contiguous) {
      Elements.toFloats(storage.segment(), dtype, offset, out, at, Math.toIntExact(size()));
    } else {
      MemorySegment data = storage.segment();
      int[] next = {at};
      Strided.forEach(
          shape,
          strides,
          offset,
          index -> out[next[0]++] = (float) Elements.read(data, dtype, index));
    }
  }

  /**
   * A converted copy in native memory that the garbage collector frees (F32: a working tensor).
   * Rounds half to even; integers saturate and take NaN as 0; F8_E4M3 overflows to NaN, the other
   * floats to infinity; BOOL is true for everything but 0. I64 values beyond 2<sup>53</sup> lose
   * their low bits unless the dtype stays the same.
   */
  public Tensor to(DType target) {
    if (target == DType.F32) {
      return of(toFloats(), shape.dims());
    }
    Tensor result = allocate(Arena.ofAuto(), target, shape.dims());
    MemorySegment out = result.storage.segment();
    MemorySegment data = storage.segment();
    if (target == dtype && contiguous) {
      out.copyFrom(segment());
    } else {
      long[] next = {0};
      Strided.forEach(
          shape,
          strides,
          offset,
          index -> Elements.write(out, target, next[0]++, Elements.read(data, dtype, index)));
    }
    return result;
  }

  /**
   * The same elements in another shape of the same size; one dimension may be -1. Shared memory, so
   * it must be contiguous.
   */
  public Tensor view(int... dims) {
    if (!contiguous) {
      throw new IllegalStateException(
          "a strided view %s cannot change its shape; use toF32() first".formatted(this));
    }
    Shape target = Strided.reshaped(shape, dims);
    return new Tensor(storage, dtype, target, target.rowMajorStrides(), offset);
  }

  /** A view with two axes exchanged; negative axes count from the end. */
  public Tensor transposed(int a, int b) {
    int[] dims = shape.dims();
    long[] swapped = strides.clone();
    int first = shape.axis(a);
    int second = shape.axis(b);
    dims[first] = shape.dim(second);
    dims[second] = shape.dim(first);
    swapped[first] = strides[second];
    swapped[second] = strides[first];
    return new Tensor(storage, dtype, Shape.of(dims), swapped, offset);
  }

  /**
   * A view of the indices {@code from} (inclusive) to {@code to} (exclusive) along {@code axis}.
   */
  public Tensor slice(int axis, int from, int to) {
    int at = shape.axis(axis);
    java.util.Objects.checkFromToIndex(from, to, shape.dim(at));
    return new Tensor(
        storage, dtype, shape.with(at, to - from), strides, offset + from * strides[at]);
  }

  /** A view of index {@code i} along the first axis, which is dropped. */
  public Tensor row(int i) {
    int[] dims = shape.dims();
    java.util.Objects.checkIndex(i, shape.dim(0));
    return new Tensor(
        storage,
        dtype,
        Shape.of(Arrays.copyOfRange(dims, 1, dims.length)),
        Arrays.copyOfRange(strides, 1, dims.length),
        offset + i * strides[0]);
  }

  /**
   * Whether operators on this tensor are recorded: it is a leaf that asked for a gradient, or was
   * computed from one.
   */
  public boolean requiresGrad() {
    return track != null;
  }

  /**
   * Makes this tensor a leaf of differentiation and returns it: {@link Ops#backward} adds its
   * gradient to {@link #grad()}.
   *
   * @throws IllegalStateException if this is no working tensor, or the result of a recorded
   *     operator
   */
  public Tensor requireGrad() {
    if (!isWorking()) {
      throw new IllegalStateException(
          "only F32 tensors over a float[] can have a gradient; use toF32() first, this is "
              + this);
    }
    if (track == null) {
      track = Track.leaf(shape);
    } else if (!track.isLeaf()) {
      throw new IllegalStateException(
          "the result of an operator cannot become a leaf; use detach() first");
    }
    return this;
  }

  /**
   * The gradient that {@link Ops#backward} accumulated, with the shape of this tensor; null before,
   * and for tensors that are not leaves.
   */
  public @Nullable Tensor grad() {
    return track == null ? null : track.grad();
  }

  /** Forgets the gradient. */
  public void clearGrad() {
    if (track != null) {
      track.clearGrad();
    }
  }

  /** The same memory, outside of differentiation. */
  public Tensor detach() {
    return new Tensor(storage, dtype, shape, strides, offset);
  }

  Storage storage() {
    return storage;
  }

  @Nullable Track track() {
    return track;
  }

  Tensor withTrack(Track value) {
    track = value;
    return this;
  }

  /** As in {@code F32 [2, 197, 192]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
