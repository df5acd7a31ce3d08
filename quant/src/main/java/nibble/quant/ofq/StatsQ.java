package nibble.quant.ofq;

import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Weights on a grid of half integers whose scale is a statistic of the row (OFQ, <a
 * href="https://arxiv.org/abs/2302.02210">arXiv:2302.02210</a>, section 4.1, and the authors'
 * code):
 *
 * <pre>{@code
 * s = 2 mean |W[r]|     n = 2^(b-1)     v = clamp(W / s, -1, 1 - 1e-6)     W^ = s (rint(v n - 1/2) + 1/2) / n     dW = dW^
 * }</pre>
 *
 * <p>2^b levels, none of them 0. No gradient flows through s. The codes {@code 2 k + 1} are odd
 * integers of b + 1 bits with the scale {@code s / (2 n)}: kernels take them as such.
 *
 * @param bits from 2 to 7
 */
public record StatsQ(int bits) implements DifferentiableFunction {
  private static final float EDGE = 1 - 1e-6f;

  public StatsQ {
    if (bits < 2 || bits >= IntFormat.MAX_BITS) {
      throw new IllegalArgumentException(
          "half-integer weights have 2 to %d bits, since their codes take one more, found %d"
              .formatted(IntFormat.MAX_BITS - 1, bits));
    }
  }

  /** The scale of a row: {@code 2 mean |w|}, the smallest normal number for a row of zeros. */
  static float scale(float[] w, int from, int width) {
    double sum = 0;
    for (int i = from; i < from + width; i++) {
      sum += Math.abs(w[i]);
    }
    return Math.max(Float.MIN_NORMAL, (float) (2 * sum / width));
  }

  /** Whether a weight lies within {@code band} codes of a border between two. */
  boolean isAtBorder(float w, float s, double band) {
    double position = position(w, s);
    return Math.abs(position - Math.floor(position) - 0.5) < band;
  }

  /** Where a weight lies before rounding: {@code v n - 1/2}. */
  float position(float w, float s) {
    return Math.max(-1, Math.min(EDGE, w / s)) * levels() - 0.5f;
  }

  private int levels() {
    return 1 << (bits - 1);
  }

  private int code(float w, float s) {
    return Math.clamp(Math.round(Math.rint(position(w, s))), -levels(), levels() - 1);
  }

  /** {@code in}: the weight {@code [out, in]}. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    int width = in[0].dim(-1);
    float[] w = in[0].toFloats();
    Tensor out = ops.empty(in[0].shape().dims());
    for (int row = 0; row < w.length; row += width) {
      float s = scale(w, row, width);
      for (int i = row; i < row + width; i++) {
        out.array()[out.offset() + i] = s * (code(w[i], s) + 0.5f) / levels();
      }
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    return new Tensor[] {gradOut};
  }

  /** The odd codes of a weight {@code [out, in]}. */
  public QuantizedTensor codes(float[] w, int out, int in) {
    float[] scales = new float[out];
    byte[] codes = new byte[w.length];
    for (int row = 0; row < out; row++) {
      float s = scale(w, row * in, in);
      scales[row] = s / (2 * levels());
      for (int i = row * in; i < (row + 1) * in; i++) {
        codes[i] = (byte) (2 * code(w[i], s) + 1);
      }
    }
    return new QuantizedTensor(
        codes,
        new QuantParams(
            IntFormat.symmetric(bits + 1),
            new Granularity.PerChannel(),
            out,
            in,
            scales,
            new byte[out]));
  }
}
