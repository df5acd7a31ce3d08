package nibble.quant.format;

/**
 * How a weight {@code [out, in]} is stored.
 *
 * @param clip how ranges are chosen
 */
public record WeightScheme(IntFormat format, Granularity granularity, ClipSearch clip) {
  public WeightScheme {
    if (granularity instanceof Granularity.PerToken) {
      throw new IllegalArgumentException(
          "weights have no tokens: choose per tensor, per channel or per group");
    }
  }

  /** Symmetric, one scale for each output channel, the whole range. */
  public static WeightScheme ofBits(int bits) {
    return new WeightScheme(
        IntFormat.symmetric(bits), new Granularity.PerChannel(), ClipSearch.none());
  }

  public WeightScheme withBits(int bits) {
    return new WeightScheme(new IntFormat(bits, format.symmetry()), granularity, clip);
  }

  public WeightScheme withSymmetry(Symmetry symmetry) {
    return new WeightScheme(new IntFormat(format.bits(), symmetry), granularity, clip);
  }

  public WeightScheme withGranularity(Granularity value) {
    return new WeightScheme(format, value, clip);
  }

  public WeightScheme withClip(ClipSearch value) {
    return new WeightScheme(format, granularity, value);
  }
}
