package nibble.quant.format;

/**
 * How the input {@code [tokens, in]} of a linear layer is quantized.
 *
 * @param timing when ranges are known
 * @param clipRatio share of the range that is kept, above 0 and at most 1
 */
public record ActivationScheme(
    IntFormat format, Granularity granularity, Timing timing, float clipRatio) {

  /** When the scale of an activation is known. */
  public enum Timing {
    /** Found for each call from the values themselves. */
    DYNAMIC,
    /** Fixed beforehand from calibration data. */
    STATIC
  }

  public ActivationScheme {
    if (granularity instanceof Granularity.PerChannel) {
      throw new IllegalArgumentException(
          "an integer product cannot take one scale for each input channel: choose per token, per"
              + " tensor or per group");
    }
    if (timing == Timing.STATIC && !(granularity instanceof Granularity.PerTensor)) {
      throw new IllegalArgumentException(
          "static activation scales must be per tensor: tokens are not known before the call");
    }
    if (!(clipRatio > 0 && clipRatio <= 1)) {
      throw new IllegalArgumentException(
          "clip ratio must be above 0 and at most 1, was " + clipRatio);
    }
  }

  /** Asymmetric, one scale for each token, found for each call, the whole range. */
  public static ActivationScheme ofBits(int bits) {
    return new ActivationScheme(
        IntFormat.asymmetric(bits), new Granularity.PerToken(), Timing.DYNAMIC, 1f);
  }

  public ActivationScheme withSymmetry(Symmetry symmetry) {
    return new ActivationScheme(
        new IntFormat(format.bits(), symmetry), granularity, timing, clipRatio);
  }

  public ActivationScheme withGranularity(Granularity value) {
    return new ActivationScheme(format, value, timing, clipRatio);
  }

  /** The same with one static scale for the tensor. */
  public ActivationScheme asStatic() {
    return new ActivationScheme(format, new Granularity.PerTensor(), Timing.STATIC, clipRatio);
  }

  public ActivationScheme withClipRatio(float value) {
    return new ActivationScheme(format, granularity, timing, value);
  }
}
