package nibble.quant.tuning;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.nn.train.Schedule;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleStream;
import nibble.quant.model.Samples;
import nibble.quant.model.TrainingState;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Trains all weights of a model by a loss on its logits, through whatever rounds in its sites.
 * AdamW without decay; the rate rises over the first tenth of the steps and falls along half a
 * cosine to 0. An interrupted run goes on after some updates; the whole graph of a batch is held in
 * memory.
 */
public final class WeightTraining {
  private static final int WARM_UP_SHARE = 10;
  private static final int POINTS = 50;

  /** Updates after which an interrupted run can go on. */
  private static final int SAVE_EVERY = 20;

  private final ModelTask task;
  private final Knobs knobs;
  private final Extra extra;
  private final AdamW optimizer;
  private final @Nullable Model teacher;

  /**
   * How long and how fast.
   *
   * @param steps updates
   * @param batch samples an update
   * @param rate of weights
   * @param loss what is minimised
   */
  public record Knobs(int steps, int batch, double rate, TuningLoss loss) {
    public Knobs {
      if (steps < 0 || batch < 1 || batch > 65_536 || !(rate >= 0) || Double.isInfinite(rate)) {
        throw new IllegalArgumentException(
            "steps and rate must not be negative and batch 1 to 65536, were %d, %s, %d"
                .formatted(steps, rate, batch));
      }
    }
  }

  /** What else is trained and minimised. */
  public interface Extra {
    /** Nothing. */
    Extra NONE = new Extra() {};

    /** More leaves to train, none by default. */
    default List<Tensor> leaves() {
      return List.of();
    }

    /** Their rate. */
    default double rate() {
      return 0;
    }

    /** The loss with what the forward pass that just ran adds. */
    default Tensor plus(Ops ops, Tensor loss) {
      return loss;
    }

    /** Called after each update. */
    default void updated() {}

    /** Called before the first update of a run that goes on after {@code steps}. */
    default void resumed(int steps) {}
  }

  /** Makes parameters leaves; what rounds is in the sites of the task's model already. */
  public WeightTraining(ModelTask task, Knobs knobs, Extra extra) {
    this.task = task;
    this.knobs = knobs;
    this.extra = extra;
    List<ParameterGroup> groups = new ArrayList<>();
    groups.add(
        new ParameterGroup(
            "weights",
            knobs.rate(),
            0,
            task.model().parameters().stream().map(Parameter::train).toList()));
    if (!extra.leaves().isEmpty()) {
      groups.add(new ParameterGroup("extra", extra.rate(), 0, extra.leaves()));
    }
    optimizer = new AdamW(AdamWOptions.DEFAULTS, groups);
    teacher = knobs.loss().needsTeacher() ? task.floatModel().get() : null;
  }

  /**
   * Trains to the end.
   *
   * @return the loss by step
   * @throws ArithmeticException if the loss is not finite
   */
  public MethodReport.Curve run(String name) {
    List<double[]> losses = new ArrayList<>();
    int steps = knobs.steps();
    Schedule schedule = new Schedule.Cosine(steps / WARM_UP_SHARE, Math.max(1, steps), 0);
    int done = restore(name, losses);
    task.progress().begin(name, steps, "steps");
    try (SampleStream stream =
        task.samples().training(knobs.batch(), task.seed(), (long) done * knobs.batch())) {
      for (int step = done; step < steps; step++) {
        double loss = update(stream.next(), schedule.factor(step));
        losses.add(new double[] {step + 1, (float) loss}); // as a saved state keeps it
        if ((step + 1) % SAVE_EVERY == 0) {
          task.store().save(name, TrainingState.of(step + 1, optimizer, leaves(), losses));
        }
        task.progress().to(step + 1, String.format(Locale.ROOT, "loss %.4f", loss));
      }
    }
    for (Parameter parameter : task.model().parameters()) {
      parameter.set(Tensor.of(parameter.floats().toFloats(), parameter.shape().dims()));
    }
    task.model().linears().forEach(Linear::weightChanged);
    return new MethodReport.Curve(name + " loss", "steps", TransformTuning.thinned(losses, POINTS));
  }

  private int restore(String name, List<double[]> losses) {
    Optional<ResumeStore.State> saved = task.store().load(name);
    if (saved.isEmpty()) {
      return 0;
    }
    int done = TrainingState.restore(saved.get(), optimizer, leaves(), losses);
    task.model().linears().forEach(Linear::weightChanged);
    extra.resumed(done);
    return done;
  }

  private Map<String, Tensor> leaves() {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    task.model()
        .parameters()
        .forEach(parameter -> leaves.put("value." + parameter.name(), parameter.floats()));
    List<Tensor> more = extra.leaves();
    for (int i = 0; i < more.size(); i++) {
      leaves.put("extra." + i, more.get(i));
    }
    return leaves;
  }

  private double update(Samples samples, double factor) {
    Ops ops = task.ops();
    optimizer.clearGrads();
    double value;
    try (Scope scope = ops.scope()) {
      @Nullable Tensor wanted = null;
      if (teacher != null) {
        try (var inference = ops.noGrad()) {
          wanted = logits(ops, teacher, samples.inputs());
        }
      }
      Tensor logits = logits(ops, task.model(), samples.inputs());
      Tensor loss = extra.plus(ops, knobs.loss().of(ops, logits, samples, wanted, logits.dim(-1)));
      value = loss.item();
      if (!Double.isFinite(value)) {
        throw new ArithmeticException(
            "training diverged: the loss is " + value + "; try a lower rate");
      }
      ops.backward(loss);
      optimizer.step(ops.splitter(), factor);
    }
    extra.updated();
    task.model().linears().forEach(Linear::weightChanged);
    return value;
  }

  private static Tensor logits(Ops ops, Model model, Tensor inputs) {
    Tensor x = model.embed(ops, inputs);
    for (Block block : model.blocks()) {
      x = model.through(ops, block, x);
    }
    return model.head(ops, x);
  }
}
