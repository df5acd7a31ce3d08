package nibble.kernels.lowbit;

/**
 * How activations become codes before an integer product. With a scale {@code s} and a zero point
 * {@code z}, in float arithmetic and with {@code rint} rounding half to even:
 *
 * <pre>{@code
 * asymmetric: q = clamp(rint(x / s) + z, 0, 2^bits - 1)              x ~ s (q - z)
 * symmetric:  q = clamp(rint(x / s), -2^(bits-1), 2^(bits-1) - 1)    x ~ s q
 * }</pre>
 *
 * <p>The arithmetic is that of {@link nibble.kernels.rowwise.Quantize}, to the bit. The kernels
 * multiply the <i>levels</i> {@code q - z} (or {@code q}).
 */
public sealed interface ActivationQuantizer {

  /** Bit width of the codes, 2 to 8. */
  int bits();

  /** Whether the zero point is fixed at zero. */
  boolean symmetric();

  /**
   * Dynamic: scale and zero point from the extremes of each row (token), in float:
   *
   * <pre>{@code
   * asymmetric: lo = c min(0, min x)   hi = c max(0, max x)   s = (hi - lo) / (2^bits - 1)   z = rint(-lo / s)
   * symmetric:  s = c max|x| / (2^(bits-1) - 1)
   * }</pre>
   *
   * <p>A row of zeros takes {@code lo = -1, hi = 1} or {@code c max|x| = 1}; a scale is at least
   * the smallest normal float. A row that holds NaN has an output of NaN.
   *
   * @param clip share {@code c} of the extremes that is kept, in (0, 1]; 1 keeps them
   */
  record PerToken(int bits, boolean symmetric, float clip) implements ActivationQuantizer {
    public PerToken {
      checkBits(bits);
      if (!(clip > 0 && clip <= 1)) {
        throw new IllegalArgumentException("clip ratio must be in (0, 1], was " + clip);
      }
    }
  }

  /**
   * Static: one scale and zero point for every row, from calibration. NaN takes the code of zero.
   *
   * @param scale positive and finite
   * @param zeroPoint in {@code 0 .. 2^bits - 1}; 0 if symmetric
   */
  record PerTensor(int bits, boolean symmetric, float scale, int zeroPoint)
      implements ActivationQuantizer {
    public PerTensor {
      checkBits(bits);
      if (!(scale > 0 && scale < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("scale must be positive and finite, was " + scale);
      }
      if (zeroPoint < 0 || zeroPoint > (symmetric ? 0 : (1 << bits) - 1)) {
        throw new IllegalArgumentException(
            "zero point %d is outside 0..%d".formatted(zeroPoint, symmetric ? 0 : (1 << bits) - 1));
      }
    }
  }

  /** Dynamic per-token quantization that keeps the extremes. */
  static ActivationQuantizer perToken(int bits, boolean symmetric) {
    return new PerToken(bits, symmetric, 1);
  }

  /** Largest absolute level {@code |q - z|}. */
  default int maxLevel() {
    return symmetric() ? 1 << (bits() - 1) : (1 << bits()) - 1;
  }

  private static void checkBits(int bits) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width of activations must be 2 to 8, was " + bits);
    }
  }
}
