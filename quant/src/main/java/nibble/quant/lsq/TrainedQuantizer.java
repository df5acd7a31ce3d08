package nibble.quant.lsq;

import java.util.Map;
import java.util.Optional;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A quantizer that stands in a site while a model is trained, and learns with it or does not.
 * Serves one thread at a time.
 */
public interface TrainedQuantizer extends SiteFunction {
  /** Name of the site, for messages and stored states. */
  String name();

  /**
   * What an optimizer changes, leaves of differentiation by names that saved states have; none for
   * a quantizer that stays.
   */
  Map<String, Tensor> leaves();

  /**
   * Weights that an optimizer changes with those of the model, at their rate: leaves of
   * differentiation that a parameter of the model is made of, by names that saved states have.
   */
  default Map<String, Tensor> weights() {
    return Map.of();
  }

  /** A term of the loss, rank 0. */
  default Optional<Tensor> penalty(Ops ops) {
    return Optional.empty();
  }

  /** Called before every update, when gradients are there. */
  default void beforeUpdate() {}

  /** Brings what was learned back to allowed values, after every update. */
  default void project() {}

  /**
   * The quantizer as it is now.
   *
   * @throws IllegalStateException if no stored function does the same
   */
  StoredFunction frozen();

  /** One that does not learn; gradients pass through it. */
  static TrainedQuantizer fixed(String site, StoredFunction quantizer) {
    return new Fixed(site, quantizer);
  }

  /**
   * See {@link #fixed}.
   *
   * @param name of the site
   */
  record Fixed(String name, StoredFunction frozen) implements TrainedQuantizer {
    @Override
    public Map<String, Tensor> leaves() {
      return Map.of();
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
      return frozen.apply(ops, x);
    }
  }
}
