package nibble.quant.a2q;

import nibble.quant.format.IntFormat;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight from a direction, a norm and a scale for every output channel, whose codes keep a bound
 * whatever these are:
 *
 * <pre>{@code
 * g' = min(g / s, T)      q = clamp(trunc(v g' / |v|_1), -2^(b-1), 2^(b-1) - 1)      w = s q        g = 2^a, s = 2^t
 * }</pre>
 *
 * <p>Rounding to zero can only shrink codes, so {@code |q|_1 <= g' <= T}. A2Q+ centres v first:
 * then positive and negative parts have {@code g' / 2} each. A2Q (arXiv:2308.13504), equations 16
 * to 20. Inputs: {@code v [out, in], a [out], t [out]}. Gradients pass rounding straight through,
 * and stop where codes are clamped.
 *
 * @param limit T
 * @param centred whether v is centred
 */
record BoundedFunction(IntFormat format, double limit, boolean centred)
    implements DifferentiableFunction {
  /** What a row is made of. */
  private record Row(double[] u, double norm, double capped, boolean free, double scale) {
    double code(int i) {
      return norm == 0 ? 0 : u[i] * capped / norm;
    }
  }

  private Row row(Tensor v, Tensor a, Tensor t, int row) {
    int in = v.dim(1);
    double[] u = new double[in];
    double mean = 0;
    for (int i = 0; i < in; i++) {
      u[i] = v.array()[v.offset() + row * in + i];
      mean += u[i] / in;
    }
    double norm = 0;
    for (int i = 0; i < in; i++) {
      u[i] -= centred ? mean : 0;
      norm += Math.abs(u[i]);
    }
    double scale = Math.pow(2, t.array()[t.offset() + row]);
    double g = Math.pow(2, a.array()[a.offset() + row]) / scale;
    return new Row(u, norm, Math.min(g, limit), g < limit, scale);
  }

  /** The codes {@code [out, in]}. */
  byte[] codes(Tensor v, Tensor a, Tensor t) {
    int in = v.dim(1);
    byte[] codes = new byte[Math.toIntExact(v.size())];
    for (int row = 0; row < v.dim(0); row++) {
      Row r = row(v, a, t, row);
      for (int i = 0; i < in; i++) {
        double code = r.code(i); // a double cast to long is rounded to zero
        codes[row * in + i] = (byte) Math.clamp((long) code, format.minCode(), format.maxCode());
      }
    }
    return codes;
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor v = in[0];
    Tensor t = in[2];
    byte[] codes = codes(v, in[1], t);
    int columns = v.dim(1);
    Tensor out = ops.empty(v.shape().dims());
    for (int i = 0; i < codes.length; i++) {
      out.array()[out.offset() + i] =
          (float) (codes[i] * Math.pow(2, t.array()[t.offset() + i / columns]));
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor v = in[0];
    int columns = v.dim(1);
    float[] gradV = new float[Math.toIntExact(v.size())];
    float[] gradA = new float[v.dim(0)];
    float[] gradT = new float[v.dim(0)];
    ops.splitter()
        .run(
            v.dim(0),
            (row, scratch) -> {
              Row r = row(v, in[1], in[2], row);
              double toCapped = 0; // d loss / d g'
              double along = 0; // sum of gradients in codes times u / |u|_1
              double ofScale = 0;
              double[] toCode = new double[columns];
              for (int i = 0; i < columns && r.norm > 0; i++) {
                double g = gradOut.array()[gradOut.offset() + row * columns + i];
                double code = r.code(i);
                boolean inside = code > format.minCode() - 1 && code < format.maxCode() + 1;
                toCode[i] = inside ? g * r.scale : 0;
                toCapped += toCode[i] * r.u[i] / r.norm;
                along += toCode[i] * r.u[i] / (r.norm * r.norm);
                ofScale += g * out.array()[out.offset() + row * columns + i];
              }
              double mean = 0;
              for (int i = 0; i < columns && r.norm > 0; i++) {
                toCode[i] = r.capped * (toCode[i] / r.norm - along * Math.signum(r.u[i]));
                mean += toCode[i] / columns;
              }
              for (int i = 0; i < columns && r.norm > 0; i++) {
                gradV[row * columns + i] = (float) (toCode[i] - (centred ? mean : 0));
              }
              double log = Math.log(2);
              gradA[row] = (float) (r.free ? toCapped * r.capped * log : 0);
              gradT[row] = (float) (log * (ofScale - (r.free ? toCapped * r.capped : 0)));
            });
    return new Tensor[] {
      Tensor.of(gradV, v.shape().dims()), Tensor.of(gradA, v.dim(0)), Tensor.of(gradT, v.dim(0))
    };
  }
}
