package nibble.quant.fqvit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.range.LogGrid;
import nibble.quant.range.RangeSearch;

/**
 * Knobs of {@link FqVit}.
 *
 * @param images that ranges are fitted to, in one batch (paper: 1000 in ten batches)
 * @param softmaxBits of the log2 codes of attention probabilities (paper: 4)
 * @param ptf whether the residual stream gets power-of-two factors (paper: yes); otherwise one
 *     scale
 * @param range of linear inputs, q, k and v (paper: min-max)
 * @param zero what stands for probabilities below the last exponent; the authors have a zero beside
 *     the 2^b exponents
 */
public record FqVitOptions(
    int images, int softmaxBits, boolean ptf, Range range, LogGrid.Zero zero) {
  /** How the range of a tensor is found. */
  public enum Range {
    /** All values. */
    MIN_MAX(RangeSearch.MIN_MAX),
    /** Percentiles with the least squared error. */
    PERCENTILE(RangeSearch.PERCENTILES),
    /** Shrinking ranges with the least squared error (OMSE). */
    OMSE(RangeSearch.SHRINK);

    private final RangeSearch search;

    Range(RangeSearch search) {
      this.search = search;
    }

    RangeSearch search() {
      return search;
    }
  }

  /** The paper's with 32 images, and an honest code for zero. */
  public static final FqVitOptions DEFAULTS =
      new FqVitOptions(32, 4, true, Range.MIN_MAX, LogGrid.Zero.RESERVED);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to, in one batch (paper: 1000)"),
          MethodOption.integer(
              "softmax-bits",
              DEFAULTS.softmaxBits,
              "bits of the log2 codes of attention probabilities (paper: 4)"),
          MethodOption.bool(
              "ptf", DEFAULTS.ptf, "power-of-two factors for the residual stream (paper: true)"),
          MethodOption.choice(
              "range", DEFAULTS.range, "range of linear inputs, q, k and v (paper: min-max)"),
          MethodOption.choice(
              "zero-code",
              "reserved",
              List.of("reserved", "extra"),
              "one of the codes, or one more as the authors have it"));

  public FqVitOptions {
    if (images < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + images);
    }
    if (softmaxBits < 2 || softmaxBits > 8) {
      throw new IllegalArgumentException("softmax-bits must be 2 to 8, was " + softmaxBits);
    }
  }

  static FqVitOptions of(OptionValues values) {
    return new FqVitOptions(
        values.integer("images"),
        values.integer("softmax-bits"),
        values.flag("ptf"),
        values.choice("range", Range.class),
        values.choice("zero-code", LogGrid.Zero.class));
  }
}
