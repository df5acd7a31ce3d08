package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Trains whatever {@link Learner}s there are in a layer, a block, a window of blocks or any other
 * part of a model, so that its output is that of the float part:
 *
 * <pre>{@code
 * L = loss(part(x), float part(float x)) [+ loss(part(x), float part(x))] + penalties of the learners
 * }</pre>
 *
 * <p>AdamW at constant rates, without weight decay. What has the least loss on all samples is kept:
 * the values at the start are among those compared, so the result is never worse than they are. The
 * same seed gives the same result.
 */
public final class BlockReconstructor {
  private static final int CHECKS = 5;

  private final Ops ops;
  private final ReconstructionOptions options;
  private final ReconstructionLoss loss;

  /** With the mean squared error, and threads of {@code ops}. */
  public BlockReconstructor(Ops ops, ReconstructionOptions options) {
    this(ops, options, ReconstructionLoss.MEAN_SQUARES);
  }

  /** With threads of {@code ops}. */
  public BlockReconstructor(Ops ops, ReconstructionOptions options, ReconstructionLoss loss) {
    this.ops = ops;
    this.options = options;
    this.loss = loss;
  }

  /**
   * How far it came.
   *
   * @param before loss as it was at the start, such as with weights rounded to nearest; without
   *     penalties
   * @param after loss with what was kept; never more
   */
  public record Result(double before, double after) {}

  private record Part(
      BiFunction<Ops, Tensor, Tensor> forward, Streams streams, List<? extends Learner> learners) {}

  /**
   * Lets {@code learners} learn, in place.
   *
   * @param part what is reconstructed, from an input to an output
   * @throws ArithmeticException if the loss is not finite
   */
  public Result reconstruct(
      BiFunction<Ops, Tensor, Tensor> part,
      Streams streams,
      List<? extends Learner> learners,
      long seed) {
    return within(
        learners, () -> learn(new Part(part, streams, learners), new SplittableRandom(seed)));
  }

  /**
   * The same in a window of a walk, with the seed of the task. What was learned goes to the task's
   * store; what an interrupted run left there is taken instead of being learned again, so such a
   * run goes on after the last window that it finished.
   *
   * @param stage tells several times of learning in one window apart
   */
  public Result reconstruct(
      ModelTask task, String stage, BlockWalk.Window window, List<? extends Learner> learners) {
    String name = stage + "." + window.parts().getFirst().name();
    Optional<ResumeStore.State> known = task.store().load(name);
    if (known.isPresent()) {
      return within(learners, () -> LearnedWindow.restore(known.get(), leaves(learners)));
    }
    Streams streams =
        options
            .fisher()
            .map(fisher -> within(learners, () -> weighted(window, learners, fisher)))
            .orElse(window.streams());
    Result result = reconstruct(window.forward(), streams, learners, task.seed() + window.index());
    task.store().save(name, LearnedWindow.state(leaves(learners), result));
    return result;
  }

  /** With gradients at the outputs as they are with the values at the start, made hard. */
  private Streams weighted(
      BlockWalk.Window window, List<? extends Learner> learners, FisherLoss fisher) {
    Streams streams = window.streams();
    BiFunction<Ops, Tensor, Tensor> prepared =
        (o, x) -> {
          learners.forEach(learner -> learner.prepare(o, 0));
          return window.forward().apply(o, x);
        };
    learners.forEach(learner -> learner.useHard(true));
    try {
      List<Tensor> outputs = BlockWalk.outputs(ops, prepared, streams.inputs());
      return streams.with(
          new Streams.Weights(
              fisher, OutputGradients.of(ops, outputs, streams.targets(), window.rest())));
    } finally {
      learners.forEach(learner -> learner.useHard(false));
    }
  }

  /** Does something while the functions of the learners are in the sites. */
  private static <T> T within(List<? extends Learner> learners, Supplier<T> work) {
    learners.forEach(Learner::begin);
    try {
      return work.get();
    } finally {
      learners.forEach(Learner::end);
    }
  }

  private static List<Tensor> leaves(List<? extends Learner> learners) {
    return learners.stream()
        .flatMap(learner -> learner.groups().stream())
        .flatMap(group -> group.parameters().stream())
        .toList();
  }

  /**
   * The loss of the learners' present values over all samples, as the part will be when it is
   * finished, without penalties.
   */
  public double error(
      BiFunction<Ops, Tensor, Tensor> part, Streams streams, List<? extends Learner> learners) {
    return within(learners, () -> error(new Part(part, streams, learners), 0));
  }

  private Result learn(Part part, SplittableRandom random) {
    double before = error(part, 0);
    double least = before;
    List<ParameterGroup> groups =
        part.learners.stream().flatMap(learner -> learner.groups().stream()).toList();
    List<Tensor> leaves = leaves(part.learners);
    List<float[]> best = values(leaves);
    AdamW optimizer = new AdamW(AdamWOptions.DEFAULTS, groups);
    int iterations = options.iterations();
    for (int i = 0; i < iterations; i++) {
      update(part, optimizer, random, (double) i / iterations);
      boolean check = (i + 1) % Math.max(1, iterations / CHECKS) == 0 || i + 1 == iterations;
      if (check) {
        double error = error(part, (i + 1.0) / iterations);
        if (error < least) {
          least = error;
          best = values(leaves);
        }
      }
    }
    for (int i = 0; i < leaves.size(); i++) {
      Tensor leaf = leaves.get(i);
      System.arraycopy(best.get(i), 0, leaf.array(), leaf.offset(), best.get(i).length);
    }
    return new Result(before, least);
  }

  private void update(Part part, AdamW optimizer, SplittableRandom random, double progress) {
    optimizer.clearGrads();
    SampleDraw draw = new SampleDraw(part.streams.inputs(), options.batch(), random);
    try (Scope scope = ops.scope()) {
      Tensor x = draw.of(part.streams.inputs());
      Tensor mixed = options.drop() > 0 ? mixed(x, draw.of(part.streams.floatInputs()), random) : x;
      part.learners.forEach(learner -> learner.prepare(ops, progress));
      Tensor output = part.forward.apply(ops, mixed);
      Tensor total = part.streams.loss(ops, loss, output, draw::of);
      for (Learner learner : part.learners) {
        Optional<Tensor> penalty = learner.penalty(ops, progress);
        total = penalty.isPresent() ? ops.add(total, penalty.get()) : total;
      }
      if (!Float.isFinite(total.item())) {
        throw new ArithmeticException(
            "training diverged: the loss is " + total.item() + "; try a lower rate");
      }
      ops.backward(total);
      optimizer.step(ops.splitter(), 1);
    }
    part.learners.forEach(Learner::project);
  }

  /**
   * QDrop: each element is the float one with probability {@code drop}. Wei and others:
   * arXiv:2203.05740, equation 6.
   */
  private Tensor mixed(Tensor quantized, Tensor exact, SplittableRandom random) {
    float[] values = quantized.toFloats();
    float[] others = exact.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextDouble() < options.drop() ? others[i] : values[i];
    }
    return Tensor.of(values, quantized.shape().dims());
  }

  /** The loss over all samples with hard values, without penalties. */
  private double error(Part part, double progress) {
    part.learners.forEach(learner -> learner.useHard(true));
    double sum = 0;
    long elements = 0;
    try (var inference = ops.noGrad()) {
      for (int i = 0; i < part.streams.inputs().size(); i++) {
        try (Scope scope = ops.scope()) {
          part.learners.forEach(learner -> learner.prepare(ops, progress));
          Tensor output = part.forward.apply(ops, part.streams.inputs().get(i));
          int batch = i;
          double error = part.streams.loss(ops, loss, output, list -> list.get(batch)).item();
          sum += error * output.size();
          elements += output.size();
        }
      }
    } finally {
      part.learners.forEach(learner -> learner.useHard(false));
    }
    return sum / elements;
  }

  private static List<float[]> values(List<Tensor> leaves) {
    List<float[]> values = new ArrayList<>();
    leaves.forEach(leaf -> values.add(leaf.toFloats()));
    return values;
  }
}
