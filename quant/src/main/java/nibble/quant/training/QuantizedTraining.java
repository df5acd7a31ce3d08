package nibble.quant.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import nibble.nn.Block;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.lsq.TrainedQuantizer;
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
 * Trains the weights of an image classifier and the scales of its {@link TrainedQuantizer}s, which
 * stand in its sites already, against a frozen teacher:
 *
 * <pre>{@code
 * L = CE(student logits, labels) + lambda L_features        with labels, if they are to be used
 * L = KL(teacher || student)     + lambda L_features        otherwise
 * }</pre>
 *
 * <p>AdamW at a constant rate, without weight decay. Images are read and varied on a thread of
 * their own. With {@code recompute}, only the stream between blocks is kept on the way forward. The
 * state is saved every {@value #SAVE_EVERY} updates; a run that goes on from it gives the same
 * weights.
 */
public final class QuantizedTraining {
  private static final int SAVE_EVERY = 20;
  private static final int POINTS = 100;

  private final ModelTask task;
  private final ImageClassifier student;
  private final ImageClassifier teacher;
  private final FeatureLoss features;
  private final List<TrainedQuantizer> quantizers;
  private final TrainingKnobs knobs;
  private final Predicate<Parameter> learns;
  private final String name;
  private final AdamW optimizer;
  private final List<double[]> losses = new ArrayList<>();

  /**
   * @param name of the saved state, different for every training of one run
   * @param quantizers learned together with parameters of {@code student}
   * @param learns which parameters; the others stay
   */
  public QuantizedTraining(
      ModelTask task,
      String name,
      ImageClassifier student,
      ImageClassifier teacher,
      FeatureLoss features,
      List<? extends TrainedQuantizer> quantizers,
      TrainingKnobs knobs,
      Predicate<Parameter> learns) {
    this.task = task;
    this.name = name;
    this.student = student;
    this.teacher = teacher;
    this.features = features;
    this.quantizers = List.copyOf(quantizers);
    this.knobs = knobs;
    this.learns = learns;
    optimizer =
        new AdamW(
            AdamWOptions.DEFAULTS,
            new ParameterGroup(
                "weights",
                knobs.rate(),
                0,
                Stream.concat(
                        student.parameters().stream().filter(learns).map(Parameter::train),
                        quantizers.stream()
                            .flatMap(quantizer -> quantizer.weights().values().stream()))
                    .toList()),
            new ParameterGroup(
                "scales",
                knobs.scaleRate(),
                0,
                quantizers.stream()
                    .flatMap(quantizer -> quantizer.leaves().values().stream())
                    .toList()));
  }

  /**
   * Trains to the end.
   *
   * @return the loss over the images seen
   * @throws ArithmeticException if the loss is not finite
   */
  public MethodReport.Curve run() {
    int steps = knobs.steps();
    int done = restore();
    task.progress().begin(name, (long) steps * knobs.batch(), "images");
    try (SampleStream stream =
        task.samples().training(knobs.batch(), task.seed(), (long) done * knobs.batch())) {
      for (int step = done; step < steps; step++) {
        double loss = update(stream.next());
        losses.add(
            new double[] {(step + 1.0) * knobs.batch(), (float) loss}); // as a saved state keeps it
        if ((step + 1) % SAVE_EVERY == 0) {
          task.store().save(name, TrainingState.of(step + 1, optimizer, leaves(), losses));
        }
        task.progress()
            .to((step + 1L) * knobs.batch(), String.format(Locale.ROOT, "loss %.4f", loss));
      }
    }
    finish();
    return new MethodReport.Curve(name + " loss", "images", thinned());
  }

  private double update(Samples samples) {
    Ops ops = task.ops();
    optimizer.clearGrads();
    double value;
    try (Scope scope = ops.scope()) {
      Result wanted = teach(ops, samples.inputs());
      Tensor stream = student.embed(ops, samples.inputs());
      for (Block block : student.blocks()) {
        stream =
            knobs.recompute()
                ? ops.checkpoint((o, in) -> student.through(o, block, in[0]), stream)
                : student.through(ops, block, stream);
      }
      Tensor loss = loss(ops, student.head(ops, stream), wanted.logits(), samples.labels());
      if (knobs.featureWeight() > 0) {
        Tensor mimicry = features.of(ops, student.features(ops, stream), wanted.features());
        loss = ops.add(loss, ops.scale(mimicry, (float) knobs.featureWeight()));
      }
      for (TrainedQuantizer quantizer : quantizers) {
        Optional<Tensor> penalty = quantizer.penalty(ops);
        loss = penalty.isPresent() ? ops.add(loss, penalty.get()) : loss;
      }
      value = loss.item();
      if (!Double.isFinite(value)) {
        throw new ArithmeticException(
            "training diverged: the loss is " + value + "; try a lower rate");
      }
      ops.backward(loss);
      quantizers.forEach(TrainedQuantizer::beforeUpdate);
      optimizer.step(ops.splitter(), 1);
    }
    quantizers.forEach(TrainedQuantizer::project);
    student.linears().forEach(Linear::weightChanged);
    return value;
  }

  private record Result(Tensor features, Tensor logits) {}

  private Result teach(Ops ops, Tensor inputs) {
    try (var inference = ops.noGrad()) {
      Tensor stream = teacher.embed(ops, inputs);
      for (Block block : teacher.blocks()) {
        try (Scope scope = ops.scope()) {
          stream = scope.keep(teacher.through(ops, block, stream));
        }
      }
      return new Result(teacher.features(ops, stream), teacher.head(ops, stream));
    }
  }

  private Tensor loss(Ops ops, Tensor logits, Tensor wanted, int @Nullable [] labels) {
    return labels == null || !knobs.labels()
        ? divergence(ops, logits, wanted)
        : ops.crossEntropy(logits, labels);
  }

  /** {@code KL(teacher || student)}, mean over rows. */
  private static Tensor divergence(Ops ops, Tensor logits, Tensor wanted) {
    Tensor p;
    Tensor logP;
    try (var inference = ops.noGrad()) {
      p = ops.softmax(wanted);
      logP = ops.logSoftmax(wanted);
    }
    Tensor difference = ops.mul(p, ops.sub(logP, ops.logSoftmax(logits)));
    return ops.scale(ops.sum(difference), 1f / logits.dim(0));
  }

  /** Parameters are plain tensors again, without gradients. */
  private void finish() {
    for (Parameter parameter : student.parameters()) {
      parameter.set(Tensor.of(parameter.floats().toFloats(), parameter.shape().dims()));
    }
    student.linears().forEach(Linear::weightChanged);
  }

  private List<double[]> thinned() {
    int every = Math.max(1, losses.size() / POINTS);
    List<double[]> points = new ArrayList<>();
    for (int from = 0; from < losses.size(); from += every) {
      int to = Math.min(losses.size(), from + every);
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += losses.get(i)[1];
      }
      points.add(new double[] {losses.get(to - 1)[0], sum / (to - from)});
    }
    return points;
  }

  private Map<String, Tensor> leaves() {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    student.parameters().stream()
        .filter(learns)
        .forEach(parameter -> leaves.put("value." + parameter.name(), parameter.floats()));
    quantizers.forEach(quantizer -> leaves.putAll(quantizer.weights()));
    quantizers.forEach(quantizer -> leaves.putAll(quantizer.leaves()));
    return leaves;
  }

  private int restore() {
    Optional<ResumeStore.State> saved = task.store().load(name);
    if (saved.isEmpty()) {
      return 0;
    }
    int done = TrainingState.restore(saved.get(), optimizer, leaves(), losses);
    quantizers.forEach(TrainedQuantizer::project);
    student.linears().forEach(Linear::weightChanged);
    return done;
  }
}
