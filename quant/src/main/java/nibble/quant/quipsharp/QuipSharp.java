package nibble.quant.quipsharp;

import java.util.List;
import java.util.Objects;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.packed.E8Lattice;
import nibble.nn.packed.LatticeWeight;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Gptq;
import nibble.quant.gptq.GptqOptions;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.quant.rotation.RandomizedHadamard;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * QuIP#: weights made incoherent by random rotations of both sides, then coded 8 at a time by
 * points of the lattice E8, with error feedback.
 *
 * <p>Tseng, Chee, Sun, Kuleshov, De Sa: <a
 * href="https://arxiv.org/abs/2402.04396">arXiv:2402.04396</a> (ICML 2024); Chee and others: QuIP,
 * <a href="https://arxiv.org/abs/2307.13304">arXiv:2307.13304</a> (LDLQ).
 *
 * <pre>{@code
 * W' = H_out S_out W S_in H_in^T      Hess' = H_in S_in Hess S_in H_in^T        random signs S, orthonormal Hadamard matrices H
 * W' /= sigma, sigma = rms(W') / 1.03, or up to twice that where larger elements than Gaussian ones make it better
 * LDLQ with blocks of 8 columns, each block of a row to the nearest point of E8P    2 bits
 * 4 bits: then (x - q1) 3.45 to the nearest point again                             (constant from memory)
 * run:    y = S_out H_out^T (Wq (H_in S_in x))
 * }</pre>
 *
 * <p>Differs from the paper: sigma is searched for the least error of the layer's output (small or
 * low-rank weights are not Gaussian after the rotation); no rescaling of channels before the
 * rotation, no fine-tuning, no 3-bit form (it needs another codebook); blocks are coded from first
 * to last. Layers that have more than 4 bits, such as the ends of a model, take GPTQ's integers.
 * Codes run as they are ({@link LatticeWeight}); activations stay in float. Cost: {@code O(in^3 +
 * out in^2)} and 512 comparisons of vectors for each 8 weights.
 */
public final class QuipSharp implements WeightMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "quip-sharp",
          "QuIP#",
          "Tseng, Chee, Sun, Kuleshov, De Sa: arXiv:2402.04396",
          "calibration inputs of every layer",
          "at 2 bits with float activations",
          QuipSharpOptions.OPTIONS,
          List.of("W2A16, W4A16: lattice codes", "layers of 5 to 8 bits as gptq"));

  private static final double SECOND_STAGE = 3.45;

  private final QuipSharpOptions options;

  /** With the given knobs. */
  public QuipSharp(QuipSharpOptions options) {
    this.options = options;
  }

  /** From options as the catalogue resolves them. */
  public static QuipSharp of(OptionValues values) {
    return new QuipSharp(QuipSharpOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public boolean needsHessian() {
    return true;
  }

  private static boolean isWide(WeightScheme scheme) {
    return scheme.format().bits() > 4;
  }

  @Override
  public long packedBytes(int out, int in, WeightScheme scheme) {
    if (isWide(scheme)) {
      return WeightMethod.super.packedBytes(out, in, scheme);
    }
    int planes = planes("weights", scheme, out, in);
    return 2L * planes * out * Math.ceilDiv(in, E8Lattice.DIMENSIONS) + 4L * planes + 16;
  }

  private static int planes(String name, WeightScheme scheme, int out, int in) {
    int bits = scheme.format().bits();
    if (bits == 3) {
      throw new IllegalArgumentException(
          name
              + ": quip-sharp has lattice codes of 2 and 4 bits, the scheme asks for 3; choose W2"
              + " or W4, or hadamard+gptq");
    }
    if (scheme.granularity() instanceof Granularity.PerGroup
        || scheme.format().isAsymmetric()
        || !scheme.clip().equals(ClipSearch.none())) {
      throw new IllegalArgumentException(
          name
              + ": quip-sharp has one scale for a weight; leave group size, symmetry and clip"
              + " search out of the scheme");
    }
    for (int size : new int[] {out, in}) {
      if (!HadamardTransform.isSupported(size)) {
        throw new IllegalArgumentException(
            "%s: no Hadamard matrix of size %d is known; give this layer 8 bits by a rule"
                .formatted(name, size));
      }
    }
    return bits / 2;
  }

  @Override
  public QuantizedWeight quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    Hessian inputs = Hessian.required(hessian, name, "quip-sharp");
    if (isWide(scheme)) {
      return new Gptq(GptqOptions.DEFAULTS).quantize(name, weight, inputs, scheme, splitter);
    }
    int out = weight.dim(0);
    int in = weight.dim(1);
    int planes = planes(name, scheme, out, in);
    double[] rotated = rotated(Weights.values(name, weight), out, in);
    BlockFeedback feedback =
        BlockFeedback.of(name, rotatedHessian(inputs, in), in, options.dampening(), splitter);
    LatticeTensor best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int step = 0; step < options.scaleSteps(); step++) {
      LatticeTensor coded =
          coded(rotated, out, in, sigma(rotated) / (1 - 0.1 * step), feedback, planes, splitter);
      double error = inputs.errorOf(difference(weight, coded.dequantize()), out);
      if (best == null || error < least) {
        best = coded;
        least = error;
      }
    }
    return Objects.requireNonNull(best);
  }

  private static double[] difference(Tensor weight, float[] values) {
    float[] w = weight.toFloats();
    double[] d = new double[w.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = (double) w[i] - values[i];
    }
    return d;
  }

  private LatticeTensor coded(
      double[] rotated,
      int out,
      int in,
      double sigma,
      BlockFeedback feedback,
      int planes,
      WorkSplitter splitter) {
    short[] codes = new short[planes * out * Math.ceilDiv(in, E8Lattice.DIMENSIONS)];
    splitter.run(
        out, (row, scratch) -> code(rotated, row, out, in, sigma, feedback, codes, planes));
    float[] scales = new float[planes];
    for (int plane = 0; plane < planes; plane++) {
      scales[plane] = (float) (sigma / Math.pow(SECOND_STAGE, plane));
    }
    return new LatticeTensor(
        new LatticeWeight(out, in, codes, scales, options.signSeed(), options.signSeed() + 1));
  }

  private double[] rotated(float[] w, int out, int in) {
    double[] rotated = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      rotated[i] = w[i];
    }
    RandomizedHadamard rows = RandomizedHadamard.random(in, options.signSeed());
    for (int row = 0; row < out; row++) {
      rows.apply(rotated, row * in);
    }
    columns(rotated, out, in, RandomizedHadamard.random(out, options.signSeed() + 1));
    return rotated;
  }

  private static void columns(double[] w, int out, int in, RandomizedHadamard map) {
    double[] column = new double[out];
    for (int i = 0; i < in; i++) {
      for (int row = 0; row < out; row++) {
        column[row] = w[row * in + i];
      }
      map.apply(column, 0);
      for (int row = 0; row < out; row++) {
        w[row * in + i] = column[row];
      }
    }
  }

  private double[] rotatedHessian(Hessian hessian, int in) {
    double[] h = hessian.values().clone();
    RandomizedHadamard map = RandomizedHadamard.random(in, options.signSeed());
    for (int row = 0; row < in; row++) {
      map.apply(h, row * in);
    }
    columns(h, in, in, map);
    return h;
  }

  private double sigma(double[] w) {
    double sum = 0;
    for (double value : w) {
      sum += value * value;
    }
    return sum == 0 ? 1 : Math.sqrt(sum / w.length) / options.scale();
  }

  private static void code(
      double[] rotated,
      int row,
      int out,
      int in,
      double sigma,
      BlockFeedback feedback,
      short[] codes,
      int planes) {
    int blocks = Math.ceilDiv(in, E8Lattice.DIMENSIONS);
    double[] w = new double[in];
    System.arraycopy(rotated, row * in, w, 0, in);
    feedback.row(
        w,
        (block, values) -> {
          double[] rest = new double[values.length];
          for (int i = 0; i < rest.length; i++) {
            rest[i] = values[i] / sigma;
            values[i] = 0;
          }
          double scale = 1;
          for (int plane = 0; plane < planes; plane++) {
            short code = E8Encoder.encode(rest, 0);
            codes[(plane * out + row) * blocks + block] = code;
            float[] point = new float[E8Lattice.DIMENSIONS];
            E8Lattice.add(code, 1, point, 0);
            for (int i = 0; i < rest.length; i++) {
              values[i] += sigma * scale * point[i];
              rest[i] = (rest[i] - point[i]) * SECOND_STAGE;
            }
            scale /= SECOND_STAGE;
          }
        });
  }
}
