package nibble.quant.reconstruct;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Samples of a part, batch by batch; the first axis of every tensor counts samples.
 *
 * @param inputs what the quantized part before gives
 * @param floatInputs what the float part before gives
 * @param targets what the float part makes of {@code floatInputs}
 * @param ofInputs what the float part makes of {@code inputs}; empty where nobody asks for it
 * @param weights of errors of {@code targets}; empty where all count alike
 */
public record Streams(
    List<Tensor> inputs,
    List<Tensor> floatInputs,
    List<Tensor> targets,
    Optional<List<Tensor>> ofInputs,
    Optional<Weights> weights) {
  /**
   * Weights of errors.
   *
   * @param loss how they enter
   * @param gradients of the shapes of the targets
   */
  public record Weights(FisherLoss loss, List<Tensor> gradients) {
    public Weights {
      gradients = List.copyOf(gradients);
    }
  }

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
    return new Streams(inputs, floatInputs, targets, Optional.empty(), Optional.empty());
  }

  /** The same with weights of errors. */
  Streams with(Weights some) {
    return new Streams(inputs, floatInputs, targets, ofInputs, Optional.of(some));
  }

  /**
   * The loss of some samples.
   *
   * @param plain the loss where errors have no weights, and of {@link #ofInputs}
   * @param samples takes them out of a list of batches
   */
  Tensor loss(
      Ops ops, ReconstructionLoss plain, Tensor output, Function<List<Tensor>, Tensor> samples) {
    Tensor target = samples.apply(targets);
    Tensor first =
        weights
            .map(w -> w.loss().of(ops, output, target, samples.apply(w.gradients())))
            .orElseGet(() -> plain.of(ops, output, target));
    return ofInputs
        .map(other -> ops.add(first, plain.of(ops, output, samples.apply(other))))
        .orElse(first);
  }
}
