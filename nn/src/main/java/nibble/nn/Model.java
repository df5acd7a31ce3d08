package nibble.nn;

import java.util.List;

/** What every model shows to quantization, inspection and training. */
public interface Model {
  /** Architecture name as in the checkpoint's configuration, such as {@code ViTForImageClassification}. */
  String architecture();

  /** All places where a quantizer may stand. */
  Sites sites();

  /** All linear layers in the order of the forward pass, embedding and head included. */
  List<Linear> linears();

  /** The trunk. */
  List<? extends Block> blocks();

  /** All parameters by the names of the checkpoint. */
  List<Parameter> parameters();

  /** How the residual stream is written and read; what rotations and foldings work on. */
  ResidualStructure residualStructure();

  /** Number of elements of all parameters. */
  default long parameterCount() {
    return parameters().stream().mapToLong(p -> p.shape().size()).sum();
  }

  /** The linear layer {@code name}; a model without it is an error. */
  default Linear linear(String name) {
    return linears().stream()
        .filter(l -> l.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the model has no linear layer '" + name + "'"));
  }
}
