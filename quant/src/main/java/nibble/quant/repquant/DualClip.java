package nibble.quant.repquant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nibble.nn.Linear;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.lsq.LsqFunction;
import nibble.quant.lsq.LsqPlusFunction;
import nibble.quant.ste.SteRound;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Learned clips of both ends of every channel:
 *
 * <pre>{@code
 * hi[j] = sigmoid(P[j]) max(0, max x[:, j])     lo[j] = sigmoid(Q[j]) min(0, min x[:, j])
 * s = (hi - lo) / (2^b - 1)     z = rint(-lo / s)     x^ = s (clamp(rint(x / s) + z, 0, 2^b - 1) - z)
 * minimise  sum over the layers that read x of ||x^ W^T - x W^T||^2
 * }</pre>
 *
 * <p>RepQuant (<a href="https://arxiv.org/abs/2402.05628">arXiv:2402.05628</a>); the
 * parametrisation by sigmoids that begin at 4, and this objective, are inferred. Adam with the
 * straight-through estimator, also through z. What has the least error is kept: the start,
 * unclipped ranges and a given grid are among those compared.
 */
final class DualClip {
  private static final float START = 4;
  private static final int CHECKS = 5;

  private final Ops ops;
  private final Tensor x;
  private final List<Tensor> weights;
  private final int bits;
  private final Tensor largest;
  private final Tensor smallest;

  /**
   * @param x {@code [rows, channels]}
   * @param readers layers that read it
   */
  DualClip(Ops ops, Tensor x, List<Linear> readers, int bits) {
    this.ops = ops;
    this.x = x;
    this.bits = bits;
    weights = readers.stream().map(linear -> linear.weight().peek().toF32()).toList();
    int channels = x.dim(-1);
    float[] hi = new float[channels];
    float[] lo = new float[channels];
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      hi[i % channels] = Math.max(hi[i % channels], values[i]);
      lo[i % channels] = Math.min(lo[i % channels], values[i]);
    }
    for (int j = 0; j < channels; j++) {
      if (hi[j] == lo[j]) {
        hi[j] = 1;
        lo[j] = -1;
      }
    }
    largest = Tensor.of(hi, channels);
    smallest = Tensor.of(lo, channels);
  }

  /**
   * The best grid.
   *
   * @param other one more candidate, with a scale for each channel
   */
  UniformQuantizer learn(UniformQuantizer other, int iterations, double rate) {
    Tensor upper = leaf();
    Tensor lower = leaf();
    List<UniformQuantizer> candidates =
        new ArrayList<>(List.of(unclipped(), other, grid(upper, lower)));
    AdamW optimizer =
        new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("clips", rate, 0, upper, lower));
    for (int i = 0; i < iterations; i++) {
      optimizer.clearGrads();
      try (Scope scope = ops.scope()) {
        ops.backward(loss(clipped(upper, lower)));
        optimizer.step(ops.splitter(), 1);
      }
      if ((i + 1) % Math.max(1, iterations / CHECKS) == 0) {
        candidates.add(grid(upper, lower));
      }
    }
    UniformQuantizer best = other;
    double least = Double.POSITIVE_INFINITY;
    for (UniformQuantizer candidate : candidates) {
      double error = error(candidate);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
    return best;
  }

  /** The objective of a grid. */
  double error(UniformQuantizer quantizer) {
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      return loss(quantizer.apply(ops, x)).item();
    }
  }

  private Tensor loss(Tensor quantized) {
    Tensor difference = ops.sub(quantized, x);
    Tensor sum = Tensor.scalar(0);
    for (Tensor weight : weights) {
      sum = ops.add(sum, ops.sum(ops.square(ops.linear(difference, weight, null))));
    }
    return sum;
  }

  private Tensor leaf() {
    float[] values = new float[x.dim(-1)];
    Arrays.fill(values, START);
    return Tensor.of(values, values.length).requireGrad();
  }

  /** x on the grid of the clips' logits, with gradients in both. */
  Tensor clipped(Tensor upper, Tensor lower) {
    Tensor hi = ops.mul(ops.sigmoid(upper), largest);
    Tensor lo = ops.mul(ops.sigmoid(lower), smallest);
    Tensor s = ops.scale(ops.sub(hi, lo), 1f / ((1 << bits) - 1));
    Tensor z = ops.custom(new SteRound(), ops.neg(ops.div(lo, s)));
    return ops.custom(
        new LsqPlusFunction(LsqFunction.unsigned(bits)), x, s, ops.neg(ops.mul(z, s)));
  }

  /** The grid as the clips are now. */
  private UniformQuantizer grid(Tensor upper, Tensor lower) {
    float[] hi = largest.toFloats();
    float[] lo = smallest.toFloats();
    for (int j = 0; j < hi.length; j++) {
      hi[j] *= sigmoid(upper.array()[upper.offset() + j]);
      lo[j] *= sigmoid(lower.array()[lower.offset() + j]);
    }
    return covering(lo, hi);
  }

  /** The grid with p = q = 1. */
  UniformQuantizer unclipped() {
    return covering(smallest.toFloats(), largest.toFloats());
  }

  private UniformQuantizer covering(float[] lo, float[] hi) {
    int steps = (1 << bits) - 1;
    float[] s = new float[lo.length];
    float[] z = new float[lo.length];
    for (int j = 0; j < lo.length; j++) {
      s[j] = Math.max((hi[j] - lo[j]) / steps, Float.MIN_NORMAL);
      z[j] = (float) Math.clamp(Math.rint(-lo[j] / s[j]), 0, steps);
    }
    return UniformQuantizer.asymmetric(bits, Tensor.of(s, s.length), Tensor.of(z, z.length));
  }

  private static float sigmoid(float v) {
    return (float) (1 / (1 + Math.exp(-v)));
  }
}
