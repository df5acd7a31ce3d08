package nibble.quant.equivalence;

import java.util.List;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A learned change on one edge of a block: what is written is mapped, what reads it takes the map
 * back.
 */
interface LearnedMap {
  /** The leaves of differentiation. */
  List<Tensor> leaves();

  /** Adds all parameters that it changes. */
  void register(PartParameters parameters);

  /** Changes them. */
  void apply(Ops ops, PartParameters parameters, double progress);

  /** After an update: back to allowed values. */
  void project();

  /** To the identity. */
  void neutralise();
}
