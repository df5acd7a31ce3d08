package nibble.quant.pipeline;

import java.util.Locale;
import nibble.quant.format.ClipSearch;
import nibble.quant.observer.ActivationObserver;
import nibble.quant.observer.MinMaxObserver;
import nibble.quant.observer.MseObserver;
import nibble.quant.observer.PercentileObserver;

/** How calibration turns what it saw into the range of a static activation scale. */
public enum RangeRule {
  /** The whole range. */
  MIN_MAX,
  /** The percentile of RepQ-ViT's three with the least error. */
  PERCENTILE,
  /** The share of the range with the least error. */
  MSE;

  /** The word for it in options: {@code min-max}, {@code percentile}, {@code mse}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  ActivationObserver observer(String name, float clipRatio) {
    return switch (this) {
      case MIN_MAX -> new MinMaxObserver(name, clipRatio);
      case PERCENTILE -> PercentileObserver.repq(name);
      case MSE -> new MseObserver(name, ClipSearch.MSE);
    };
  }
}
