package nibble.cli.training;

import java.util.ArrayList;
import java.util.List;
import nibble.cli.data.Batch;
import nibble.cli.evaluation.Ranking;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.GradientClip;
import nibble.nn.train.ParameterGroup;
import nibble.nn.train.Schedule;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Cross entropy, AdamW, a cosine schedule with linear warm-up, gradient clipping. The result is a
 * function of the starting weights, the batches and the options; the number of threads changes
 * nothing.
 */
public final class Training {
  private final ImageClassifier model;
  private final Ops ops;
  private final TrainingOptions options;
  private final AdamW optimizer;
  private final Schedule schedule;
  private final TrainingLog log;
  private int step;

  /** What one update saw. */
  public record Report(double loss, double accuracy, double gradientNorm) {}

  /** Prepares to train all parameters of {@code model} in place. */
  public Training(ImageClassifier model, Ops ops, TrainingOptions options) {
    this.model = model;
    this.ops = ops;
    this.options = options;
    optimizer = new AdamW(AdamWOptions.DEFAULTS.withBetas(0.9, 0.99), groups(model, options));
    schedule = new Schedule.Cosine(options.warmUpSteps(), options.steps(), 0);
    log = new TrainingLog(Math.max(1, options.steps() / 200));
  }

  private static List<ParameterGroup> groups(ImageClassifier model, TrainingOptions options) {
    List<Tensor> matrices = new ArrayList<>();
    List<Tensor> others = new ArrayList<>();
    List<Parameter> decayed = model.linears().stream().map(Linear::weight).toList();
    for (Parameter parameter : model.parameters()) {
      (decayed.contains(parameter) ? matrices : others).add(parameter.train());
    }
    return List.of(
        new ParameterGroup("matrices", options.rate(), options.decay(), matrices),
        new ParameterGroup("biases, gains, embeddings", options.rate(), 0, others));
  }

  /**
   * One update.
   *
   * @throws ArithmeticException if the loss or the gradient is not finite; the weights are then as
   *     before this call
   */
  public Report update(Batch batch) {
    int[] labels = batch.labels();
    optimizer.clearGrads();
    Report report;
    try (Scope scope = ops.scope()) {
      Tensor logits = model.forward(ops, batch.pixels());
      Tensor loss = ops.crossEntropy(logits, labels, options.labelSmoothing());
      int correct = Ranking.correct(logits, labels);
      double value = loss.item();
      ops.backward(loss);
      double norm = GradientClip.byGlobalNorm(optimizer.parameters(), options.clip());
      if (!Double.isFinite(value) || !Double.isFinite(norm)) {
        throw new ArithmeticException(
            "training diverged at update %d (loss %s, gradient norm %s); try a lower --rate or a longer --warm-up"
                .formatted(step + 1, value, norm));
      }
      optimizer.step(ops.splitter(), schedule.factor(step));
      step++;
      log.add((long) step * options.batchSize(), labels.length, value, correct);
      report = new Report(value, (double) correct / labels.length, norm);
    }
    model.linears().forEach(Linear::weightChanged);
    return report;
  }

  /** Updates so far. */
  public int step() {
    return step;
  }

  /** Loss and accuracy so far. */
  public TrainingLog log() {
    return log;
  }

  /** The options. */
  public TrainingOptions options() {
    return options;
  }

  ImageClassifier model() {
    return model;
  }

  AdamW optimizer() {
    return optimizer;
  }

  void restore(int steps, List<TrainingLog.Point> points) {
    step = steps;
    log.restore(points);
  }
}
