package nibble.quant.observer;

import nibble.kernels.gemm.Gemm;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * Sums {@code X^T X} of the inputs {@code X [tokens, in]} of a linear layer. Products of up to 1024
 * tokens are formed in float, some rows at a time and up to the diagonal only; their sums are kept
 * in double, so no running rescaling is needed. Memory: {@code 8 in^2 + 2048 in} bytes. Not
 * thread-safe.
 */
public final class HessianAccumulator {
  private static final int CHUNK = 1024;
  private static final int ROWS = 512;
  private static final double[] TAKEN = new double[0];

  private final String name;
  private final int in;
  private final float[] product;
  private double[] sum; // the triangle below the diagonal, and some elements above it
  private double tokens;

  /**
   * @param name where it measures, for messages
   * @param in input features
   */
  public HessianAccumulator(String name, int in) {
    if (in < 1) {
      throw new IllegalArgumentException(name + ": a Hessian needs at least one input, was " + in);
    }
    this.name = name;
    this.in = in;
    sum = new double[Math.multiplyExact(in, in)];
    product = new float[Math.min(ROWS, in) * in];
  }

  /** Input features. */
  public int in() {
    return in;
  }

  /** Adds {@code x [count, in]}, row-major from {@code offset}, every token with weight 1. */
  public void add(float[] x, int offset, int count, WorkSplitter splitter) {
    add(x, offset, count, null, splitter);
  }

  /**
   * Adds {@code x [count, in]} with a weight for each token, as RSQ does it.
   *
   * @param weights {@code [count]}, not negative; null means 1
   */
  public void add(
      float[] x, int offset, int count, float @Nullable [] weights, WorkSplitter splitter) {
    checkNotTaken();
    for (int from = 0; from < count; from += CHUNK) {
      int rows = Math.min(CHUNK, count - from);
      if (weights == null) {
        addChunk(x, offset + from * in, rows, splitter);
        tokens += rows;
      } else {
        addChunk(weighted(x, offset + from * in, rows, weights, from), 0, rows, splitter);
        for (int row = 0; row < rows; row++) {
          tokens += weights[from + row];
        }
      }
    }
  }

  private float[] weighted(float[] x, int offset, int rows, float[] weights, int first) {
    float[] scaled = new float[rows * in];
    for (int row = 0; row < rows; row++) {
      float weight = weights[first + row];
      if (!(weight >= 0)) {
        throw new IllegalArgumentException(
            "%s: token weight %d is %s, expected no negative number"
                .formatted(name, first + row, weight));
      }
      float root = (float) Math.sqrt(weight);
      for (int i = 0; i < in; i++) {
        scaled[row * in + i] = root * x[offset + row * in + i];
      }
    }
    return scaled;
  }

  private void addChunk(float[] x, int offset, int tokenCount, WorkSplitter splitter) {
    for (int from = 0; from < in; from += ROWS) {
      int rows = Math.min(ROWS, in - from);
      int columns = from + rows;
      Gemm.best()
          .gemm(
              rows,
              columns,
              tokenCount,
              1f,
              x,
              offset + from,
              1,
              in,
              x,
              offset,
              in,
              1,
              false,
              product,
              0,
              columns,
              splitter);
      for (int row = 0; row < rows; row++) {
        int at = (from + row) * in;
        for (int j = 0; j < columns; j++) {
          sum[at + j] += product[row * columns + j];
        }
      }
    }
  }

  /** Adds what another accumulator of the same layer has seen. */
  public void merge(HessianAccumulator other) {
    if (other.in != in) {
      throw new IllegalArgumentException(
          "%s: cannot merge Hessians of %d and %d inputs".formatted(name, in, other.in));
    }
    checkNotTaken();
    other.checkNotTaken();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other.sum[i];
    }
    tokens += other.tokens;
  }

  /**
   * The Hessian of what was seen so far, exactly symmetric.
   *
   * @throws IllegalStateException if nothing was seen, or after {@link #take}
   * @throws IllegalArgumentException if an input was NaN or infinite
   */
  public Hessian hessian() {
    checkNotTaken();
    return of(sum.clone());
  }

  /** The same in the memory of the sums: this accumulator is of no use afterwards. */
  public Hessian take() {
    checkNotTaken();
    double[] values = sum;
    Hessian hessian = of(values);
    sum = TAKEN;
    return hessian;
  }

  private Hessian of(double[] values) {
    if (!(tokens > 0)) {
      throw new IllegalStateException(
          name + ": no calibration tokens were seen; pass calibration data");
    }
    for (int i = 0; i < in; i++) {
      for (int j = 0; j <= i; j++) {
        double value = 2 * values[i * in + j] / tokens;
        values[i * in + j] = value;
        values[j * in + i] = value;
      }
    }
    return new Hessian(name, values, in, tokens);
  }

  private void checkNotTaken() {
    if (sum.length == 0) { // there is at least one input
      throw new IllegalStateException(name + ": the Hessian was taken already");
    }
  }
}
