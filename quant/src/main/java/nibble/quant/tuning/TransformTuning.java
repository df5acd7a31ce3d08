package nibble.quant.tuning;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Model;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.nn.train.Schedule;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleStream;
import nibble.quant.model.Samples;
import nibble.quant.stiefel.StiefelOptimizer;
import nibble.quant.stiefel.StiefelParameter;
import nibble.quant.stiefel.StiefelRule;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Learns {@link TunedTransforms} by the loss of the simulated quantized network; weights stay as
 * they are. Rates fall along half a cosine to 0.
 *
 * <p>What was learned is kept in the task's store; a run that is interrupted before begins anew.
 * The whole graph of a batch is held in memory.
 */
public final class TransformTuning {
  private static final String STATE = "transforms";
  private static final int POINTS = 50;

  private final ModelTask task;
  private final TunedTransforms transforms;
  private final TuningKnobs knobs;
  private final StiefelOptimizer rotations;
  private final Optional<AdamW> scales;
  private final @Nullable Model teacher;

  /**
   * @param rule how rotations move
   */
  public TransformTuning(
      ModelTask task, TunedTransforms transforms, StiefelRule rule, TuningKnobs knobs) {
    this.task = task;
    this.transforms = transforms;
    this.knobs = knobs;
    rotations = new StiefelOptimizer(rule, knobs.rotationRate(), transforms.rotations());
    scales =
        transforms.scales().isEmpty()
            ? Optional.empty()
            : Optional.of(
                new AdamW(
                    AdamWOptions.DEFAULTS,
                    new ParameterGroup("scales", knobs.scaleRate(), 0, transforms.scales())));
    teacher = knobs.loss().needsTeacher() ? task.floatModel().get() : null;
  }

  /**
   * Learns {@code transforms} on the simulated network, then folds them into the model. Weights are
   * simulated too where activations stay in float, since nothing else is quantized then.
   *
   * @param method named in the curve
   * @param weights whether weights are rounded in the simulation
   * @param ranges whether gradients pass the ranges of grids, not only the rounding
   * @throws ArithmeticException if the loss is not finite
   */
  public static MethodReport learn(
      String method,
      ModelTask task,
      TunedTransforms transforms,
      StiefelRule rule,
      TuningKnobs knobs,
      boolean weights,
      boolean ranges) {
    boolean floatActivations = task.schemes().scheme().activations().isEmpty();
    MethodReport.Curve curve;
    try (SimulatedQuantization simulated =
        SimulatedQuantization.install(task, weights || floatActivations, ranges)) {
      curve = new TransformTuning(task, transforms, rule, knobs).run(method);
    }
    transforms.fold(task.ops());
    return new MethodReport(List.of(), Map.of(), List.of(curve));
  }

  /**
   * Learns, with what is simulated in the sites of the model already.
   *
   * @return the loss by step
   * @throws ArithmeticException if the loss is not finite
   */
  public MethodReport.Curve run(String name) {
    if (restore()) {
      return new MethodReport.Curve(name + " loss", "steps", List.of());
    }
    List<double[]> losses = new ArrayList<>();
    Schedule schedule = new Schedule.Cosine(0, Math.max(1, knobs.steps()), 0);
    task.progress().begin(name, knobs.steps(), "steps");
    try (SampleStream stream = task.samples().training(knobs.batch(), task.seed(), 0)) {
      for (int step = 0; step < knobs.steps(); step++) {
        double loss = update(stream.next(), schedule.factor(step));
        losses.add(new double[] {step + 1, loss});
        task.progress().to(step + 1, String.format(Locale.ROOT, "loss %.4f", loss));
      }
    }
    task.store().save(STATE, new ResumeStore.State(knobs.steps(), learned()));
    return new MethodReport.Curve(name + " loss", "steps", thinned(losses, POINTS));
  }

  private double update(Samples samples, double factor) {
    Ops ops = task.ops();
    rotations.clearGrads();
    scales.ifPresent(AdamW::clearGrads);
    double value;
    try (Scope scope = ops.scope()) {
      Tensor loss = loss(ops, samples);
      value = loss.item();
      if (!Double.isFinite(value)) {
        throw new ArithmeticException(
            "learning diverged: the loss is " + value + "; try a lower rate");
      }
      ops.backward(loss);
      rotations.step(factor);
      scales.ifPresent(s -> s.step(ops.splitter(), factor));
    } finally {
      transforms.restore();
    }
    return value;
  }

  /** The loss of some samples, recorded where gradients are. The transforms stay installed. */
  private Tensor loss(Ops ops, Samples samples) {
    @Nullable Tensor wanted = null;
    if (teacher != null) {
      try (var inference = ops.noGrad()) {
        wanted = logits(ops, teacher, samples.inputs());
      }
    }
    transforms.install(ops);
    return knobs
        .loss()
        .of(ops, logits(ops, task.model(), samples.inputs()), samples, wanted, knobs.top());
  }

  private static Tensor logits(Ops ops, Model model, Tensor inputs) {
    Tensor x = model.embed(ops, inputs);
    for (Block block : model.blocks()) {
      x = model.through(ops, block, x);
    }
    return model.head(ops, x);
  }

  private Map<String, Tensor> learned() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (StiefelParameter rotation : transforms.rotations()) {
      tensors.put("rotation." + rotation.name(), rotation.leaf());
    }
    for (int i = 0; i < transforms.scales().size(); i++) {
      tensors.put("scale." + i, transforms.scales().get(i));
    }
    return tensors;
  }

  private boolean restore() {
    Optional<ResumeStore.State> saved = task.store().load(STATE);
    saved.ifPresent(state -> learned().forEach(state::copy));
    return saved.isPresent();
  }

  /** Means of consecutive points, about as many as {@code count}. */
  static List<double[]> thinned(List<double[]> losses, int count) {
    int every = Math.max(1, losses.size() / count);
    List<double[]> points = new ArrayList<>();
    for (int from = 0; from < losses.size(); from += every) {
      int to = Math.min(losses.size(), from + every);
      double mean =
          losses.subList(from, to).stream().mapToDouble(point -> point[1]).average().orElse(0);
      points.add(new double[] {losses.get(to - 1)[0], mean});
    }
    return points;
  }
}
