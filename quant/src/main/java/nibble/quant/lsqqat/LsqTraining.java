package nibble.quant.lsqqat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.range.RangeSearch;
import nibble.quant.training.ActivationScales;
import nibble.quant.training.JointTraining;
import nibble.quant.training.LearnedWeights;

/**
 * LSQ training: weights and activations are quantized together while the model is trained on, all
 * scales learned.
 *
 * <p>Esser and others: <a href="https://arxiv.org/abs/1902.08153">arXiv:1902.08153</a> (ICLR 2020).
 *
 * <pre>{@code
 * y = rint(clamp(x / s, n, p)) s      activations: one s a layer (a head for q, k, v and probabilities)     weights: one s a row
 * }</pre>
 *
 * <p>Differs from the paper: AdamW at a constant rate for a short training of a trained model, in
 * place of SGD with momentum and a cosine over 90 epochs; weight scales of single rows, begun at
 * the least squares of the float weights. Without labels the loss is the divergence from the float
 * model's logits. The result runs as integers with the learned scales: nothing is fitted
 * afterwards.
 */
public final class LsqTraining implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "lsq",
          "LSQ training",
          "Esser, McKinstry, Bablani, Appuswamy, Modha: arXiv:1902.08153",
          "images to train on, labels where there are some; longer than GPLQ",
          "as the yardstick of GPLQ, or with many images and time",
          LsqTrainingOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in"
                  + " float"));

  private final LsqTrainingOptions options;

  /** With the given knobs. */
  public LsqTraining(LsqTrainingOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static LsqTraining of(OptionValues values) {
    return new LsqTraining(LsqTrainingOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public double passes(int samples) {
    return 6.0 * options.training().images();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<Site, TrainedQuantizer> activations = new LinkedHashMap<>();
    ActivationScales.fit(
            task, ActivationScales.Choice.perLayer(RangeSearch.LEAST_SQUARES, options.initImages()))
        .forEach(l -> activations.put(l.site().site(), l.quantizer()));
    List<JointTraining.Weight> weights = new ArrayList<>();
    for (Linear linear : task.model().linears()) {
      task.bits(linear)
          .ifPresent(
              bits ->
                  weights.add(
                      LearnedWeights.weight(linear, LearnedWeights.start(task, linear, bits))));
    }
    JointTraining training = new JointTraining(task, name(), activations, weights);
    training.train(name(), options.training());
    return training.install();
  }
}
