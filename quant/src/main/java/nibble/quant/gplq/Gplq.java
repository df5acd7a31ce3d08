package nibble.quant.gplq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.qwt.BlockCompensation;
import nibble.quant.range.Percentiles;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SymmetricPercentile;
import nibble.quant.training.ActivationScales;
import nibble.quant.training.FeatureLoss;
import nibble.quant.training.GridFolding;
import nibble.quant.training.QuantizedTraining;

/**
 * GPLQ: trains a vision transformer for a moment with quantized activations and float weights, then
 * quantizes the weights without training.
 *
 * <p><a href="https://arxiv.org/abs/2506.11784">arXiv:2506.11784</a> (NeurIPS 2025), from the text
 * of both versions; the authors' code was not read.
 *
 * <pre>{@code
 * stage 1   q(x)[i, j] = clamp(rint(x[i, j] / s[j]), -2^(b-1), 2^(b-1) - 1) s[j]      s learned by LSQ, all weights trained
 *           L = CE + lambda mean ||(f_student - f_teacher) V||^2                      V: principal directions of the teacher's features
 *           AdamW, constant rate 5e-6; the teacher is the float model itself, frozen
 * fold      W[:, j] *= s[j], x[j] /= s[j]: into the LayerNorm before, else in the forward pass; one scale of 1 is left
 * stage 2   weights: symmetric, one scale a row, range by percentile
 *           beside block k: (M, c) = ridge(x -> block(x; W, A) - block(x; W^, A)), block by block (QwT), kept if R2 > 0
 * }</pre>
 *
 * <p>Ours, as options whose other values are the paper's: offsets of grids ({@code grids}), how far
 * scales of channels are apart ({@code scales}), where scales begin ({@code init}), rates for a
 * training of some hundred updates. Which sites are quantized, that first and last layer have 8
 * bits, the ridge, the starting scales of single sites and training without weight decay are
 * inferred, as the card says. The fold comes before the weights are quantized, so that linear
 * layers run as integers; the paper does not discuss it. Queries and keys have a scale a head, and
 * attention probabilities unsigned codes unless {@code probabilities=signed}. Without labels the
 * loss is the divergence from the teacher's logits in place of the cross entropy.
 *
 * <p>Cost: about five forward passes an image of stage 1 (teacher, forward, forward again, backward
 * twice), memory of one block's inner results; stage 2 as QwT.
 */
public final class Gplq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "gplq",
          "GPLQ",
          "arXiv:2506.11784 (NeurIPS 2025)",
          "some hundred images, labels where there are some; minutes of training",
          "4-bit and 3-bit weights and activations of image classifiers",
          GplqOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float,"
                  + " maps beside blocks in 16-bit float"));

  private static final int DIRECTIONS_STEP = 32;
  private static final double TAIL = 0.01;

  private final GplqOptions options;

  /** With the given knobs. */
  public Gplq(GplqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Gplq of(OptionValues values) {
    return new Gplq(GplqOptions.of(values));
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
    return 6.0 * options.training().images() + 4.0 * samples;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    if (!(task.model() instanceof ImageClassifier student)) {
      throw new IllegalArgumentException(
          "gplq trains image classifiers, found "
              + task.model().architecture()
              + "; choose another method");
    }
    List<ActivationScales.Learned> learned = ActivationScales.fit(task, startingScales());
    Map<String, Double> facts = new LinkedHashMap<>();
    List<MethodReport.Curve> curves = new ArrayList<>();
    if (options.training().steps() > 0) {
      curves.add(train(task, student, learned, facts));
    }
    Model target =
        switch (options.compensate()) {
          case NONE -> task.model();
          case WEIGHTS -> target(task, learned);
          case FLOAT -> task.floatModel().get();
        };
    List<LayerResult> layers = quantizeWeights(task, learned);
    if (options.compensate() != GplqOptions.Compensation.NONE) {
      BlockCompensation compensation = new BlockCompensation(task.ops(), options.ridge(), 0);
      compensation
          .fit(task.model(), target, task.samples().inputs(), task.progress())
          .forEach((block, r2) -> facts.put("gplq." + block + ".r2", r2));
    }
    return new MethodReport(layers, facts, curves);
  }

  private MethodReport.Curve train(
      ModelTask task,
      ImageClassifier student,
      List<ActivationScales.Learned> learned,
      Map<String, Double> facts) {
    if (!(task.floatModel().get() instanceof ImageClassifier teacher)) {
      throw new IllegalStateException(
          "the float model is another kind of model than the one to quantize");
    }
    FeatureLoss features =
        FeatureLoss.fit(task.ops(), teacher, task.samples(), options.share(), DIRECTIONS_STEP);
    facts.put("gplq.directions", (double) features.directions());
    facts.put("gplq.explained_variance", features.explained());
    List<TrainedQuantizer> quantizers =
        learned.stream().map(ActivationScales.Learned::quantizer).toList();
    learned.forEach(l -> l.site().site().append(l.quantizer()));
    try {
      return new QuantizedTraining(
              task, "gplq", student, teacher, features, quantizers, options.training(), _ -> true)
          .run();
    } finally {
      learned.forEach(l -> l.site().site().remove(l.quantizer()));
    }
  }

  /**
   * The model after stage 1: trained float weights, quantized activations. What a block with
   * quantized weights should do.
   */
  private static Model target(ModelTask task, List<ActivationScales.Learned> learned) {
    Model target = task.floatModel().get();
    Map<String, Parameter> trained = new LinkedHashMap<>();
    task.model().parameters().forEach(parameter -> trained.put(parameter.name(), parameter));
    for (Parameter parameter : target.parameters()) {
      Parameter source = trained.get(parameter.name());
      if (source == null) {
        throw new IllegalStateException(
            "the float model has a parameter '"
                + parameter.name()
                + "' that the model to quantize has not");
      }
      parameter.set(source.peek());
    }
    target.linears().forEach(Linear::weightChanged);
    learned.forEach(l -> target.sites().get(l.site().name()).append(l.quantizer()));
    return target;
  }

  private List<LayerResult> quantizeWeights(
      ModelTask task, List<ActivationScales.Learned> learned) {
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    learned.forEach(
        l ->
            quantizers.put(
                l.site().site(), GridFolding.frozen(task.model(), l.site().site(), l.quantizer())));
    Map<Linear, QuantizedTensor> codes = weightRounding().codes(task);
    return ModelExecution.install(task.model(), quantizers, codes);
  }

  private ActivationScales.Choice startingScales() {
    RangeSearch search =
        switch (options.init()) {
          case PERCENTILES -> RangeSearch.PERCENTILES;
          case MIN_MAX -> RangeSearch.MIN_MAX;
          case FIXED_POINT -> RangeSearch.LEAST_SQUARES;
          case TAILS -> new SymmetricPercentile(TAIL);
        };
    RangeSearch offsetSearch =
        switch (options.init()) {
          case PERCENTILES -> RangeSearch.PERCENTILES;
          case MIN_MAX -> RangeSearch.MIN_MAX;
          case FIXED_POINT -> RangeSearch.SHRINK;
          case TAILS -> new Percentiles(List.of(1 - TAIL), 2);
        };
    return new ActivationScales.Choice(
        options.scales(),
        options.grids() == GplqOptions.Grids.OFFSET,
        search,
        offsetSearch,
        weightRounding(),
        options.probabilities(),
        options.initImages());
  }

  private RowRounding weightRounding() {
    return new RowRounding(options.weightSymmetry(), weightRange());
  }

  private RangeSearch weightRange() {
    return switch (options.weightRange()) {
      case PERCENTILE -> new Percentiles(List.of(0.98, 0.99, 0.995, 0.999, 1.0), 2);
      case MSE -> RangeSearch.SHRINK;
      case MIN_MAX -> RangeSearch.MIN_MAX;
    };
  }
}
