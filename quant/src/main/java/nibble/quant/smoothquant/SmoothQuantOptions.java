package nibble.quant.smoothquant;

import java.util.List;
import nibble.quant.fold.ScalePlaces;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link SmoothQuant}.
 *
 * @param alpha how much of the difficulty moves into the weights: 0 evens out the weights' columns,
 *     1 the activations' channels (paper: 0.5; its repository 0.8 to 0.9 for Llama and Mistral)
 * @param places which inputs are smoothed (paper: those behind a normalisation)
 */
public record SmoothQuantOptions(double alpha, ScalePlaces places) {
  /** The paper's. */
  public static final SmoothQuantOptions DEFAULTS = new SmoothQuantOptions(0.5, ScalePlaces.NORMS);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.number(
              "alpha",
              DEFAULTS.alpha,
              "share of the difficulty that moves into the weights (paper: 0.5; its code 0.8 to 0.9"
                  + " for Llama and Mistral)"),
          MethodOption.choice(
              "places",
              DEFAULTS.places,
              "inputs behind a norm (paper); also where the layer before takes the scale exactly;"
                  + " also by a multiplication at run time"));

  public SmoothQuantOptions {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha must be from 0 to 1, was " + alpha);
    }
  }

  static SmoothQuantOptions of(OptionValues values) {
    return new SmoothQuantOptions(
        values.number("alpha"), values.choice("places", ScalePlaces.class));
  }
}
