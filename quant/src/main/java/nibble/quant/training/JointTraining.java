package nibble.quant.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelTask;

/**
 * Training with quantizers in the sites of activations and of weights, and the execution of what
 * came out.
 */
public final class JointTraining {
  private static final double VARIANCE = 0.6;
  private static final int DIRECTIONS_STEP = 32;

  private final ModelTask task;
  private final Map<Site, TrainedQuantizer> activations;
  private final List<Weight> weights;
  private final List<MethodReport.Curve> curves = new ArrayList<>();

  /**
   * A weight in training.
   *
   * @param quantizer stands in the weight's site
   * @param codes of the weight as it is when asked
   */
  public record Weight(
      Linear linear, TrainedQuantizer quantizer, Supplier<QuantizedTensor> codes) {}

  /**
   * @param activations by site
   * @throws IllegalArgumentException if the model is no image classifier
   */
  public JointTraining(
      ModelTask task,
      String method,
      Map<Site, TrainedQuantizer> activations,
      List<Weight> weights) {
    if (!(task.model() instanceof ImageClassifier)) {
      throw new IllegalArgumentException(
          method
              + " trains image classifiers, found "
              + task.model().architecture()
              + "; choose another method");
    }
    this.task = task;
    this.activations = activations;
    this.weights = List.copyOf(weights);
  }

  /**
   * Trains; nothing without updates. May be called several times, with other names.
   *
   * @param name of the curve and of the saved state
   */
  public void train(String name, TrainingKnobs knobs) {
    train(name, knobs, _ -> true);
  }

  /**
   * The same for some of the parameters.
   *
   * @param learns which; the others stay
   */
  public void train(String name, TrainingKnobs knobs, Predicate<Parameter> learns) {
    if (knobs.steps() == 0) {
      return;
    }
    if (!(task.model() instanceof ImageClassifier student)
        || !(task.floatModel().get() instanceof ImageClassifier teacher)) {
      throw new IllegalStateException(
          "the float model is another kind of model than the one to quantize");
    }
    FeatureLoss features =
        FeatureLoss.fit(task.ops(), teacher, task.samples(), VARIANCE, DIRECTIONS_STEP);
    List<TrainedQuantizer> quantizers = new ArrayList<>(activations.values());
    weights.forEach(weight -> quantizers.add(weight.quantizer()));
    activations.forEach(Site::append);
    weights.forEach(weight -> weight.linear().weightSite().append(weight.quantizer()));
    try {
      curves.add(
          new QuantizedTraining(task, name, student, teacher, features, quantizers, knobs, learns)
              .run());
    } finally {
      activations.forEach(Site::remove);
      weights.forEach(weight -> weight.linear().weightSite().remove(weight.quantizer()));
    }
  }

  /** Losses so far. */
  public List<MethodReport.Curve> curves() {
    return List.copyOf(curves);
  }

  /** Puts codes and quantizers into execution, as they are now. */
  public MethodReport install() {
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    activations.forEach(
        (site, quantizer) ->
            quantizers.put(site, GridFolding.frozen(task.model(), site, quantizer)));
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    weights.forEach(weight -> codes.put(weight.linear(), weight.codes().get()));
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), Map.of(), curves);
  }
}
