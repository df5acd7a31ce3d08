package nibble.quant.model;

import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;

/**
 * A method that works on a whole model: folds scales through layers, rotates, fits quantizers at
 * any site, trains, chooses codes, compensates. It changes the model of its task in place: installs
 * {@link nibble.nn.site.StoredFunction}s in sites, {@linkplain nibble.nn.Linear#execute executes}
 * packed weights, puts maps beside blocks. Whatever it leaves there is written with the model and
 * read again, with no help of the method.
 *
 * <p>Immutable; the same task gives the same model to the bit, for any number of threads.
 */
public interface ModelMethod {
  /** Its name in the catalogue. */
  String name();

  /** What {@link #apply} must see. */
  DataNeed needs();

  /**
   * Where it stands in a recipe. A method that prepares keeps the float model's function; one that
   * prepares or mends has the scheme W16A16 in its own step and finds the bits of the quantizing
   * step in {@link ModelTask#schemes()}.
   */
  default MethodPlace place() {
    return MethodPlace.QUANTIZE;
  }

  /**
   * Which method quantizes where a name has none, as in {@code smoothquant} for {@code
   * smoothquant+rtn}. Counts for methods that prepare.
   */
  default String quantizedBy() {
    return "rtn";
  }

  /**
   * Whether a method that mends also stands behind a float model, because it works on something
   * beside the weights, such as the key-value cache.
   */
  default boolean mendsFloat() {
    return false;
  }

  /**
   * Checks what a recipe asks for, before any work is done. By default a method takes bit widths
   * only: granularity, symmetry and timing are its own.
   *
   * @throws IllegalArgumentException if the method cannot do that; the message says what it can
   */
  default void check(Scheme scheme) {
    boolean quantizes = place() == MethodPlace.QUANTIZE;
    if (quantizes && scheme.weights().isEmpty()) {
      throw new IllegalArgumentException(
          "%s quantizes weights, the scheme '%s' leaves them in float; name a scheme such as W4A4"
              .formatted(name(), scheme));
    }
    if (!quantizes && (scheme.weights().isPresent() || scheme.activations().isPresent())) {
      throw new IllegalArgumentException(
          "%s quantizes nothing itself; leave its scheme at W16A16, found '%s'"
              .formatted(name(), scheme));
    }
    boolean plainWeights =
        scheme.weights().map(w -> w.equals(WeightScheme.ofBits(w.format().bits()))).orElse(true);
    boolean plainActivations =
        scheme
            .activations()
            .map(a -> a.equals(ActivationScheme.ofBits(a.format().bits())))
            .orElse(true);
    if (!plainWeights || !plainActivations) {
      throw new IllegalArgumentException(
          "%s chooses granularity and zero points itself, the scheme '%s' sets them; name the bits only"
              .formatted(name(), scheme));
    }
  }

  /**
   * Estimated work in forward passes of one sample through the float model, for {@code nibble
   * plan}.
   */
  default double passes(int samples) {
    return 5.0 * samples;
  }

  /**
   * Does it.
   *
   * @throws IllegalArgumentException if the model or the data does not fit the method; the message
   *     says what is missing
   */
  MethodReport apply(ModelTask task);
}
