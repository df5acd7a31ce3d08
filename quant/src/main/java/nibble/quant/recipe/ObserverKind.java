package nibble.quant.recipe;

import nibble.quant.format.ActivationScheme;
import nibble.quant.format.ClipSearch;
import nibble.quant.observer.ActivationObserver;
import nibble.quant.observer.MinMaxObserver;
import nibble.quant.observer.MseObserver;
import nibble.quant.observer.PercentileObserver;

/** Which observer finds static activation scales. */
public enum ObserverKind {
  /** The whole range, times the scheme's clip ratio. */
  MIN_MAX("minmax"),
  /** The best of the percentiles of RepQ-ViT. */
  PERCENTILE("percentile"),
  /** The shrunk range with the least squared error. */
  MSE("mse");

  private final String word;

  ObserverKind(String word) {
    this.word = word;
  }

  /** The word for it in a recipe. */
  public String word() {
    return word;
  }

  /**
   * A new observer of this kind.
   *
   * @throws IllegalArgumentException if the scheme has a clip ratio that this kind would not use
   */
  public ActivationObserver create(String name, ActivationScheme scheme) {
    if (this != MIN_MAX && scheme.clipRatio() != 1f) {
      throw new IllegalArgumentException(
          "%s: the %s observer finds its own range; leave the clip ratio out or choose minmax"
              .formatted(name, word));
    }
    return switch (this) {
      case MIN_MAX -> new MinMaxObserver(name, scheme.clipRatio());
      case PERCENTILE -> PercentileObserver.repq(name);
      case MSE -> new MseObserver(name, new ClipSearch.Shrink(2, 80, 100));
    };
  }
}
