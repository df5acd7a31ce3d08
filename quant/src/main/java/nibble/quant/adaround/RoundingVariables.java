package nibble.quant.adaround;

import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.QuantParams;
import nibble.quant.observer.Hessian;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The variables V of one weight with their Adam moments. */
final class RoundingVariables {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private final float[] w;
  private final QuantParams params;
  private final float[] floor;
  private final float[] v;
  private final float[] first;
  private final float[] second;
  private int steps;

  RoundingVariables(float[] w, QuantParams params) {
    this.w = w;
    this.params = params;
    floor = new float[w.length];
    v = new float[w.length];
    first = new float[w.length];
    second = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      int at = index(i);
      double exact = (double) w[i] / params.scales()[at];
      floor[i] = (float) Math.floor(exact);
      v[i] = (float) SoftRounding.inverse(exact - floor[i]);
    }
  }

  private int index(int i) {
    return params.indexOf(i / params.columns(), i % params.columns());
  }

  private double soft(int i, double h) {
    int at = index(i);
    int zero = params.zeroPoints()[at];
    double code = Math.max(params.format().minCode(), Math.min(params.format().maxCode(), floor[i] + h + zero));
    return params.scales()[at] * (code - zero);
  }

  /** The mean of {@code s^2 H[j, j]}: what one whole scale costs. */
  double meanCurvature(Hessian hessian) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      int j = i % params.columns();
      double scale = params.scales()[index(i)];
      sum += scale * scale * hessian.values()[j * params.columns() + j];
    }
    return sum / w.length;
  }

  /** Whether rounding up and down gives different codes. */
  private boolean isFree(int i) {
    double code = floor[i] + params.zeroPoints()[index(i)];
    return code >= params.format().minCode() && code + 1 <= params.format().maxCode();
  }

  /** {@code W~ - W}, {@code [out, in]}. */
  Tensor difference(Ops ops) {
    Tensor d = ops.empty(params.rows(), params.columns());
    int columns = params.columns();
    ops.splitter().run(params.rows(), (row, scratch) -> {
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        d.array()[d.offset() + i] = (float) (soft(i, SoftRounding.h(v[i])) - w[i]);
      }
    });
    return d;
  }

  /**
   * One step of Adam.
   *
   * @param gradient of the first term of the loss in W~, {@code [out, in]}
   */
  void update(Tensor gradient, double lambda, double beta, double rate, WorkSplitter splitter) {
    steps++;
    double correction1 = 1 - Math.pow(BETA1, steps);
    double correction2 = 1 - Math.pow(BETA2, steps);
    int columns = params.columns();
    splitter.run(params.rows(), (row, scratch) -> {
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        if (isFree(i)) {
          double g = gradientOf(i, gradient.array()[gradient.offset() + i], lambda, beta);
          first[i] = (float) (BETA1 * first[i] + (1 - BETA1) * g);
          second[i] = (float) (BETA2 * second[i] + (1 - BETA2) * g * g);
          v[i] -= (float) (rate * (first[i] / correction1) / (Math.sqrt(second[i] / correction2) + EPSILON));
        }
      }
    });
  }

  private double gradientOf(int i, double byWeight, double lambda, double beta) {
    double regulariser = lambda == 0 ? 0 : lambda * SoftRounding.opennessSlope(SoftRounding.h(v[i]), beta);
    return (byWeight * params.scales()[index(i)] + regulariser) * SoftRounding.slope(v[i]);
  }

  /** Codes with the bits {@code V >= 0}. */
  byte[] hard() {
    byte[] codes = new byte[w.length];
    for (int i = 0; i < codes.length; i++) {
      double code = floor[i] + (v[i] >= 0 ? 1 : 0) + params.zeroPoints()[index(i)];
      codes[i] = (byte) Math.max(params.format().minCode(), Math.min(params.format().maxCode(), code));
    }
    return codes;
  }

  /** The loss that {@link #update} descends: for tests. */
  double loss(double[] hessian, double lambda, double beta) {
    int in = params.columns();
    double sum = 0;
    for (int row = 0; row < params.rows(); row++) {
      for (int i = 0; i < in; i++) {
        double di = soft(row * in + i, SoftRounding.h(v[row * in + i])) - w[row * in + i];
        for (int j = 0; j < in; j++) {
          sum += 0.5 * di * hessian[i * in + j] * (soft(row * in + j, SoftRounding.h(v[row * in + j])) - w[row * in + j]);
        }
        sum += lambda * SoftRounding.openness(SoftRounding.h(v[row * in + i]), beta);
      }
    }
    return sum;
  }

  /** The derivative of {@link #loss} in {@code V[i]}: for tests. */
  double derivative(int i, Tensor gradient, double lambda, double beta) {
    return isFree(i) ? gradientOf(i, gradient.array()[gradient.offset() + i], lambda, beta) : 0;
  }

  /** Moves one variable: for tests. */
  void move(int i, double amount) {
    v[i] += (float) amount;
  }
}
