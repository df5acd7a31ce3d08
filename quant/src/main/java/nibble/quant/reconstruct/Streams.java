package nibble.quant.reconstruct;

import java.util.List;
import java.util.Optional;
import nibble.tensor.Tensor;

/**
 * Samples of a part, batch by batch; the first axis of every tensor counts samples.
 *
 * @param inputs what the quantized part before gives
 * @param floatInputs what the float part before gives
 * @param targets what the float part makes of {@code floatInputs}
 * @param ofInputs what the float part makes of {@code inputs}; empty where nobody asks for it
 */
public record Streams(
    List<Tensor> inputs,
    List<Tensor> floatInputs,
    List<Tensor> targets,
    Optional<List<Tensor>> ofInputs) {
  public Streams {
    inputs = List.copyOf(inputs);
    floatInputs = List.copyOf(floatInputs);
    targets = List.copyOf(targets);
    ofInputs = ofInputs.map(List::copyOf);
    int others = ofInputs.map(List::size).orElse(inputs.size());
    if (inputs.isEmpty()
        || inputs.size() != targets.size()
        || inputs.size() != floatInputs.size()
        || others != inputs.size()) {
      throw new IllegalArgumentException(
          "reconstruction needs as many inputs as targets, found %d, %d, %d and %d"
              .formatted(inputs.size(), floatInputs.size(), targets.size(), others));
    }
  }

  /** With one target, for the float inputs. */
  public static Streams of(List<Tensor> inputs, List<Tensor> floatInputs, List<Tensor> targets) {
    return new Streams(inputs, floatInputs, targets, Optional.empty());
  }
}
