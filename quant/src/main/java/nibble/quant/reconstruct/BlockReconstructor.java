package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Trains the roundings of a layer, a block or any other part of a model so that its output is that of the float part, as AdaRound (one layer), BRECQ (a block) and QDrop (a block, inputs dropped
 * back to float at random) do:
 *
 * <pre>{@code
 * L = mean((part(x) - target)^2) + regularisation / elements * sum(1 - |2 h(V) - 1|^beta)
 * }</pre>
 *
 * <p>The roundings with the least error on all samples are kept: those of round to nearest are among those compared, so the result is never worse than they are. The same seed gives the same result.
 */
public final class BlockReconstructor {
  private static final int CHECKS = 5;

  private final Ops ops;
  private final ReconstructionOptions options;

  /** With threads of {@code ops}. */
  public BlockReconstructor(Ops ops, ReconstructionOptions options) {
    this.ops = ops;
    this.options = options;
  }

  /**
   * How far it came.
   *
   * @param nearest mean squared error with weights rounded to nearest
   * @param learned with the roundings that were kept; never more
   */
  public record Result(double nearest, double learned) {}

  /**
   * Learns {@code roundings} in place; afterwards {@link RoundingLogits#harden} gives the codes. Their weight sites hold them meanwhile.
   *
   * @param part what is reconstructed, from an input to an output
   * @param inputs what the quantized part before gives, batch by batch
   * @param floatInputs what the float part before gives; only used with {@code drop}, else {@code inputs} again
   * @param targets what the float part makes of the float inputs
   */
  public Result reconstruct(
      BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs, List<Tensor> floatInputs, List<Tensor> targets, List<RoundingLogits> roundings, long seed) {
    if (inputs.isEmpty() || inputs.size() != targets.size() || inputs.size() != floatInputs.size()) {
      throw new IllegalArgumentException("reconstruction needs as many inputs as targets, found %d, %d and %d".formatted(inputs.size(), floatInputs.size(), targets.size()));
    }
    roundings.forEach(rounding -> rounding.linear().weightSite().append(rounding));
    try {
      return learn(part, inputs, floatInputs, targets, roundings, seed);
    } finally {
      roundings.forEach(rounding -> rounding.linear().weightSite().remove(rounding));
    }
  }

  private Result learn(
      BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs, List<Tensor> floatInputs, List<Tensor> targets, List<RoundingLogits> roundings, long seed) {
    double nearest = hardError(part, inputs, targets, roundings);
    double least = nearest;
    List<float[]> best = values(roundings);
    AdamW optimizer =
        new AdamW(AdamWOptions.DEFAULTS, new ParameterGroup("roundings", options.rate(), 0, roundings.stream().map(RoundingLogits::logits).toList()));
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < options.iterations(); i++) {
      update(part, inputs, floatInputs, targets, roundings, optimizer, random, i);
      boolean check = (i + 1) % Math.max(1, options.iterations() / CHECKS) == 0 || i + 1 == options.iterations();
      if (check) {
        double error = hardError(part, inputs, targets, roundings);
        if (error < least) {
          least = error;
          best = values(roundings);
        }
      }
    }
    for (int i = 0; i < roundings.size(); i++) {
      roundings.get(i).restore(best.get(i));
    }
    return new Result(nearest, least);
  }

  private void update(
      BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs, List<Tensor> floatInputs, List<Tensor> targets, List<RoundingLogits> roundings, AdamW optimizer,
      SplittableRandom random, int iteration) {
    optimizer.clearGrads();
    int batch = random.nextInt(inputs.size());
    int count = inputs.get(batch).dim(0);
    int take = Math.min(options.batch(), count);
    int from = random.nextInt(count - take + 1);
    try (Scope scope = ops.scope()) {
      Tensor x = inputs.get(batch).slice(0, from, from + take).toF32();
      if (options.drop() > 0) {
        x = mixed(x, floatInputs.get(batch).slice(0, from, from + take).toF32(), random);
      }
      Tensor target = targets.get(batch).slice(0, from, from + take).toF32();
      Tensor loss = ops.mse(part.apply(ops, x), target);
      if (iteration >= options.warmUp() * options.iterations()) {
        for (RoundingLogits rounding : roundings) {
          float weight = (float) (options.regularisation() / rounding.logits().size());
          loss = ops.add(loss, ops.scale(rounding.undecided(ops, options.beta(iteration)), weight));
        }
      }
      ops.backward(loss);
      optimizer.step(ops.splitter(), 1);
    }
  }

  /** QDrop: each element is the float one with probability {@code drop}. Wei and others: arXiv:2203.05740, equation 6. */
  private Tensor mixed(Tensor quantized, Tensor exact, SplittableRandom random) {
    float[] values = quantized.toFloats();
    float[] others = exact.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextDouble() < options.drop() ? others[i] : values[i];
    }
    return Tensor.of(values, quantized.shape().dims());
  }

  private double hardError(BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs, List<Tensor> targets, List<RoundingLogits> roundings) {
    roundings.forEach(rounding -> rounding.useHardWeights(true));
    double sum = 0;
    long elements = 0;
    try (var inference = ops.noGrad()) {
      for (int i = 0; i < inputs.size(); i++) {
        try (Scope scope = ops.scope()) {
          Tensor target = targets.get(i);
          sum += ops.mse(part.apply(ops, inputs.get(i)), target).item() * target.size();
          elements += target.size();
        }
      }
    } finally {
      roundings.forEach(rounding -> rounding.useHardWeights(false));
    }
    return sum / elements;
  }

  private static List<float[]> values(List<RoundingLogits> roundings) {
    List<float[]> values = new ArrayList<>();
    roundings.forEach(rounding -> values.add(rounding.logits().toFloats()));
    return values;
  }
}
