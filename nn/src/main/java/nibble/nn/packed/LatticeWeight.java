package nibble.nn.packed;

import java.util.Arrays;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.LayerInput;
import nibble.nn.online.RandomSigns;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight of lattice codes between two randomised Hadamard transforms, as QuIP# has it:
 *
 * <pre>{@code
 * y = S_out H_out^T (Wq (H_in S_in x)) + bias          Wq[o, 8 b + i] = sum over planes p of scale[p] point(code[p, o, b])[i]
 * }</pre>
 *
 * <p>Activations stay in float. A product decodes tiles of 64 rows and multiplies them in F32;
 * layers that read the same input with the same signs transform it once. The last block of a row is
 * padded: what it codes beyond {@code in} counts for nothing.
 *
 * @param out output features
 * @param in input features
 * @param codes {@code [planes, out, ceil(in / 8)]} codes of {@link E8Lattice}; shared, not to be
 *     written
 * @param scales {@code [planes]}, positive and finite
 * @param inputSigns seed of {@code S_in}: {@link RandomSigns}
 * @param outputSigns seed of {@code S_out}
 */
public record LatticeWeight(
    int out, int in, short[] codes, float[] scales, long inputSigns, long outputSigns)
    implements PackedWeight {
  /** Most planes: two make 4 bits. */
  public static final int MAX_PLANES = 2;

  private static final int TILE = 64;
  private static final int DECODED = 7; // slot of the scratch; products use the first ones

  /**
   * Checks that the parts fit together.
   *
   * @throws IllegalArgumentException if they do not, or no Hadamard matrix has one of the sizes
   */
  public LatticeWeight {
    if (out < 1 || in < 1 || scales.length < 1 || scales.length > MAX_PLANES) {
      throw new IllegalArgumentException(
          "lattice codes need a weight [out, in] and 1 or %d planes, found [%d, %d] and %d"
              .formatted(MAX_PLANES, out, in, scales.length));
    }
    long expected = (long) scales.length * out * Math.ceilDiv(in, E8Lattice.DIMENSIONS);
    if (codes.length != expected) {
      throw new IllegalArgumentException(
          "%d planes of [%d, %d] need %d lattice codes, found %d"
              .formatted(scales.length, out, in, expected, codes.length));
    }
    for (float scale : scales) {
      if (!(scale > 0) || Float.isInfinite(scale)) {
        throw new IllegalArgumentException("scales must be positive and finite, one is " + scale);
      }
    }
    for (int size : new int[] {out, in}) {
      if (!HadamardTransform.isSupported(size)) {
        throw new IllegalArgumentException("no Hadamard matrix of size " + size + " is known");
      }
    }
  }

  private int blocks() {
    return Math.ceilDiv(in, E8Lattice.DIMENSIONS);
  }

  /** Rows {@code from .. from + count} of Wq, {@code [count, 8 blocks]}. */
  private void decode(int from, int count, float[] to) {
    int blocks = blocks();
    Arrays.fill(to, 0, count * blocks * E8Lattice.DIMENSIONS, 0f);
    for (int plane = 0; plane < scales.length; plane++) {
      int first = (plane * out + from) * blocks;
      for (int i = 0; i < count * blocks; i++) {
        E8Lattice.add(codes[first + i], scales[plane], to, i * E8Lattice.DIMENSIONS);
      }
    }
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return multiply(ops, new LayerInput(x), bias);
  }

  /** What identifies a transformed input. */
  private record Turned(long signs, int size) {}

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    int rows = Products.rows(ops, x.tensor(), in);
    Tensor input =
        x.derive(
            new Turned(inputSigns, in), Tensor.class, () -> turned(ops, x.tensor().toF32(), rows));
    Tensor result = ops.empty(x.tensor().shape().with(-1, out).dims());
    int width = blocks() * E8Lattice.DIMENSIONS;
    ops.splitter()
        .run(
            Math.ceilDiv(out, TILE),
            (task, scratch) -> {
              int from = task * TILE;
              int count = Math.min(TILE, out - from);
              float[] tile = scratch.floats(DECODED, TILE * width);
              decode(from, count, tile);
              Gemm.best()
                  .gemm(
                      rows,
                      count,
                      in,
                      1,
                      input.array(),
                      input.offset(),
                      in,
                      1,
                      tile,
                      0,
                      1,
                      width,
                      false,
                      result.array(),
                      result.offset() + from,
                      out,
                      scratch);
            });
    turnBack(ops.splitter(), result, rows, Products.plain(bias));
    return result;
  }

  private Tensor turned(Ops ops, Tensor x, int rows) {
    Tensor copy = ops.empty(x.shape().dims());
    System.arraycopy(x.array(), x.offset(), copy.array(), copy.offset(), (int) x.size());
    float[] signs = RandomSigns.of(in, inputSigns);
    HadamardTransform transform = HadamardTransform.of(in);
    ops.splitter()
        .run(
            rows,
            (row, scratch) -> {
              int at = copy.offset() + row * in;
              multiply(copy.array(), at, signs);
              transform.forward(1, copy.array(), at, scratch);
            });
    return copy;
  }

  private void turnBack(WorkSplitter splitter, Tensor y, int rows, float @Nullable [] bias) {
    float[] signs = RandomSigns.of(out, outputSigns);
    HadamardTransform transform = HadamardTransform.of(out);
    splitter.run(
        rows,
        (row, scratch) -> {
          int at = y.offset() + row * out;
          transform.transposed(1, y.array(), at, scratch);
          multiply(y.array(), at, signs);
          for (int i = 0; bias != null && i < out; i++) {
            y.array()[at + i] += bias[i];
          }
        });
  }

  private static void multiply(float[] values, int at, float[] signs) {
    for (int i = 0; i < signs.length; i++) {
      values[at + i] *= signs[i];
    }
  }

  @Override
  public long bytes() {
    return 2L * codes.length + 4L * scales.length + 16;
  }

  /** The weight that this stands for, transforms included: {@code S_out H_out^T Wq H_in S_in}. */
  @Override
  public Tensor dequantized() {
    int width = blocks() * E8Lattice.DIMENSIONS;
    float[] decoded = new float[Math.multiplyExact(out, width)];
    decode(0, out, decoded);
    float[] w = new float[Math.multiplyExact(out, in)];
    Scratch scratch = new Scratch();
    HadamardTransform rows = HadamardTransform.of(in);
    float[] inSigns = RandomSigns.of(in, inputSigns);
    for (int row = 0; row < out; row++) {
      System.arraycopy(decoded, row * width, w, row * in, in);
      rows.transposed(1, w, row * in, scratch); // a row r of Wq: r H_in S_in
      multiply(w, row * in, inSigns);
    }
    turnColumns(w, scratch);
    return Tensor.of(w, out, in);
  }

  private void turnColumns(float[] w, Scratch scratch) {
    HadamardTransform columns = HadamardTransform.of(out);
    float[] signs = RandomSigns.of(out, outputSigns);
    float[] column = new float[out];
    for (int i = 0; i < in; i++) {
      for (int row = 0; row < out; row++) {
        column[row] = w[row * in + i];
      }
      columns.transposed(1, column, 0, scratch);
      for (int row = 0; row < out; row++) {
        w[row * in + i] = column[row] * signs[row];
      }
    }
  }

  @Override
  public String format() {
    return "E8P" + (scales.length == 1 ? "" : "x" + scales.length) + " between Hadamard transforms";
  }
}
