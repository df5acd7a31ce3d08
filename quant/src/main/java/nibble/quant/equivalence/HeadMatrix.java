package nibble.quant.equivalence;

import java.util.Arrays;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Matrices {@code A [heads, d, d]}, one for each key head, that are learned. In {@link
 * Form#DIAGONAL} and {@link Form#PAIRS} they stay diagonal. In {@link Form#FULL} elements off the
 * diagonal are released from the diagonal outward as training goes on, and count {@code stability}
 * times (AffineQuant's gradual mask):
 *
 * <pre>{@code
 * A* = A o M      M = 1 on the diagonal, stability where 0 < |i - j| <= band, 0 elsewhere       band from 0 to d - 1
 * }</pre>
 *
 * <p>After every update, rows off the diagonal are shrunk until A* is strictly diagonally dominant,
 * so it has an inverse (Levy-Desplanques).
 */
final class HeadMatrix {
  /** Which matrices are allowed. */
  enum Form {
    /** A scale for every channel. */
    DIAGONAL,
    /**
     * A scale for every pair of channels {@code j} and {@code j + rotary / 2} that a rotary
     * position turns, and for every channel that it does not turn.
     */
    PAIRS,
    /** Any diagonally dominant matrix. */
    FULL
  }

  private static final float SMALLEST = 1e-2f;
  private static final float DOMINANCE = 0.9f;

  private final Form form;
  private final int rotary;
  private final float stability;
  private final Tensor raw;

  /**
   * The identity.
   *
   * @param rotary channels of a head that are turned in pairs; 0 for none; with PAIRS only
   */
  HeadMatrix(Form form, int heads, int headDim, int rotary, float stability) {
    this.form = form;
    this.rotary = rotary;
    this.stability = stability;
    raw = Tensor.zeros(heads, headDim, headDim).requireGrad();
    neutralise();
  }

  Tensor leaf() {
    return raw;
  }

  private int dim() {
    return raw.dim(1);
  }

  /** Channels beside the diagonal that are released at {@code progress}. */
  int band(double progress) {
    return form == Form.FULL ? (int) Math.round(progress * (dim() - 1)) : 0;
  }

  /** A*. */
  Tensor matrix(Ops ops, double progress) {
    return ops.custom(new Masked(ops.isRecording() ? band(progress) : dim()), raw);
  }

  /** Puts factors on the diagonal, {@code [heads * d]}. */
  void setDiagonal(float[] factors) {
    int d = dim();
    for (int i = 0; i < factors.length; i++) {
      raw.array()[raw.offset() + i * d + i % d] = factors[i];
    }
    project();
  }

  void neutralise() {
    Arrays.fill(raw.array(), raw.offset(), raw.offset() + (int) raw.size(), 0);
    float[] ones = new float[raw.dim(0) * dim()];
    Arrays.fill(ones, 1);
    setDiagonal(ones);
  }

  /**
   * Smallest {@code |a_ii| - sum |a_ij|} of A*, relative to {@code |a_ii|}; positive while it is
   * diagonally dominant.
   */
  double dominance() {
    double least = Double.POSITIVE_INFINITY;
    int d = dim();
    for (int row = 0; row < raw.dim(0) * d; row++) {
      double diagonal = Math.abs(raw.array()[raw.offset() + row * d + row % d]);
      least = Math.min(least, (diagonal - offDiagonal(row)) / diagonal);
    }
    return least;
  }

  private double offDiagonal(int row) {
    int d = dim();
    double sum = 0;
    for (int j = 0; j < d; j++) {
      sum += j == row % d ? 0 : stability * Math.abs(raw.array()[raw.offset() + row * d + j]);
    }
    return sum;
  }

  void project() {
    int d = dim();
    for (int row = 0; row < raw.dim(0) * d; row++) {
      int at = raw.offset() + row * d;
      float diagonal = raw.array()[at + row % d];
      raw.array()[at + row % d] =
          Math.abs(diagonal) < SMALLEST ? Math.copySign(SMALLEST, diagonal) : diagonal;
      double limit = DOMINANCE * Math.abs(raw.array()[at + row % d]);
      double sum = offDiagonal(row);
      for (int j = 0; j < d && sum > limit; j++) {
        raw.array()[at + j] *= j == row % d ? 1 : (float) (limit / sum);
      }
    }
    if (form == Form.PAIRS) {
      for (int head = 0; head < raw.dim(0); head++) {
        tie(raw.array(), raw.offset() + head * d * d, 0.5f);
      }
    }
  }

  /** Both diagonal elements of each pair become {@code share} times their sum. */
  private void tie(float[] values, int head, float share) {
    int d = dim();
    for (int j = 0; j < rotary / 2; j++) {
      int first = head + j * d + j;
      int second = head + (j + rotary / 2) * d + j + rotary / 2;
      float both = share * (values[first] + values[second]);
      values[first] = both;
      values[second] = both;
    }
  }

  private final class Masked implements DifferentiableFunction {
    private final int band;

    Masked(int band) {
      this.band = band;
    }

    private Tensor masked(Ops ops, Tensor x) {
      int d = dim();
      Tensor out = ops.empty(x.shape().dims());
      for (int row = 0; row < x.dim(0) * d; row++) {
        for (int j = 0; j < d; j++) {
          int distance = Math.abs(j - row % d);
          float factor = distance == 0 ? 1 : form == Form.FULL && distance <= band ? stability : 0;
          out.array()[out.offset() + row * d + j] = factor * x.array()[x.offset() + row * d + j];
        }
      }
      return out;
    }

    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      return masked(ops, in[0]);
    }

    /** Pairs share their gradient, so that they stay equal. */
    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor grad = masked(ops, gradOut);
      if (form == Form.PAIRS) {
        for (int head = 0; head < raw.dim(0); head++) {
          tie(grad.array(), grad.offset() + head * dim() * dim(), 1);
        }
      }
      return new Tensor[] {grad};
    }
  }
}
