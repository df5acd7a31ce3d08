package nibble.quant.actreg;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization of {@code x} between learned bounds, one pair for a tensor.
 *
 * <pre>{@code
 * n = 2^b - 1     s = (c+ - c-) / n     z = clamp(rint(-c- / s), 0, n)     q = clamp(rint(x / s) + z, 0, n)     y = s (q - z)
 * x above the grid:   dy/dc+ = 1        x below:   dy/dc- = 1
 * inside:             dy/dx = 1         dy/dc+ = (y - x) / (c+ - c-)       dy/dc- = -(y - x) / (c+ - c-)
 * }</pre>
 *
 * <p>Nrusimha and others: <a href="https://arxiv.org/abs/2404.03605">arXiv:2404.03605</a>. Differs
 * from their kernel: z is rounded, so that 0 is a point of the grid and integers run; the
 * derivative of the bounds is that of the formula, where theirs clamps a shifted value. Sums are
 * added in double.
 *
 * @param bits of a code, 2 to 8
 */
record BoundsFunction(int bits) implements DifferentiableFunction {
  BoundsFunction {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
  }

  /** Largest code n. */
  int levels() {
    return (1 << bits) - 1;
  }

  float scale(Tensor bounds) {
    return (bounds.get(1) - bounds.get(0)) / levels();
  }

  float zeroPoint(Tensor bounds) {
    return (float) Math.max(0, Math.min(levels(), Math.rint(-bounds.get(0) / scale(bounds))));
  }

  /** {@code in}: x, bounds {@code [c-, c+]}. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    float s = scale(in[1]);
    float z = zeroPoint(in[1]);
    int n = levels();
    Tensor out = ops.empty(x.shape().dims());
    for (int i = 0; i < x.size(); i++) {
      double q = Math.max(0, Math.min(n, Math.rint(x.array()[x.offset() + i] / s) + z));
      out.array()[out.offset() + i] = (float) (s * (q - z));
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor x = in[0];
    float s = scale(in[1]);
    float z = zeroPoint(in[1]);
    float low = -s * z;
    float high = s * (levels() - z);
    Tensor gradX = ops.empty(x.shape().dims());
    double below = 0;
    double above = 0;
    double inside = 0;
    for (int i = 0; i < x.size(); i++) {
      float value = x.array()[x.offset() + i];
      float g = gradOut.array()[gradOut.offset() + i];
      boolean isInside = value >= low && value <= high;
      gradX.array()[gradX.offset() + i] = isInside ? g : 0;
      if (isInside) {
        inside += g * ((double) out.array()[out.offset() + i] - value);
      } else if (value > high) {
        above += g;
      } else {
        below += g;
      }
    }
    double share = inside / (in[1].get(1) - in[1].get(0));
    return new Tensor[] {
      gradX, Tensor.of(new float[] {(float) (below - share), (float) (above + share)}, 2)
    };
  }
}
