package nibble.quant.ivit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Norm;
import nibble.nn.Operator;
import nibble.nn.Site;
import nibble.nn.integer.LayerNormForm;
import nibble.nn.integer.ShiftGeluForm;
import nibble.nn.integer.ShiftmaxForm;
import nibble.nn.integer.StoredForm;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.model.TensorGrids;
import nibble.quant.range.RangeSearch;

/**
 * I-ViT: a vision transformer whose softmax, GELU and layer normalisation compute on integers.
 *
 * <p>Li, Gu: <a href="https://arxiv.org/abs/2207.01405">arXiv:2207.01405</a> (ICCV 2023), after the
 * authors' code.
 *
 * <pre>{@code
 * weights       symmetric, s = max|w| / 127, one a row
 * activations   symmetric, one scale a tensor, from the largest magnitude
 * softmax       Shiftmax of 8-bit scores, 16-bit probabilities, quantized to 8 bits before they meet the values
 * GELU          ShiftGelu of 8 bits
 * LayerNorm     integer mean, variance and root of 16-bit codes of the stream
 * }</pre>
 *
 * <p>Differs from the paper: no training, ranges come from one pass of one batch; the functions
 * have the stable forms ({@link nibble.nn.integer.Shiftmax}, {@link nibble.nn.integer.ShiftGelu});
 * what passes from one operator to the next is a code times its scale in a float, so that changes
 * of scale are float products where the paper has dyadic numbers, and gains, biases and the sums of
 * the residual stream are added in float. ReLU needs no other form.
 */
public final class IVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "i-vit",
          "I-ViT",
          "Li, Gu: arXiv:2207.01405",
          "32 samples, no labels, no training",
          "W8A8 for processors without fast float functions; here to see what integer functions"
              + " cost in quality",
          IVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers, softmax, GELU and LayerNorm in integers; q, k, v and"
                  + " probabilities quantized in float",
              "W2..8A16"));

  private static final int FUNCTION_BITS = 8;
  private static final int WIDE_BITS = 16;

  private final IVitOptions options;

  /** With the given knobs. */
  public IVit(IVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static IVit of(OptionValues values) {
    return new IVit(IVitOptions.of(values));
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
  public MethodReport apply(ModelTask task) {
    List<Operator> operators = options.integerFunctions() ? operators(task) : List.of();
    Map<Operator, Largest> ranges = new LinkedHashMap<>();
    for (Operator operator : operators) {
      boolean softmax = operator.kind() == Operator.Kind.SOFTMAX;
      ranges.put(operator, new Largest(softmax ? ShiftmaxForm.MASKED : Float.NEGATIVE_INFINITY));
    }
    ranges.forEach(Operator::replace);
    Map<Site, StoredFunction> quantizers;
    try {
      quantizers = quantizers(task);
    } finally {
      operators.forEach(Operator::restore);
    }
    ranges.forEach((operator, largest) -> operator.replace(form(operator, largest)));
    return MethodReport.of(
        ModelExecution.install(
            task.model(),
            quantizers,
            new RowRounding(Symmetry.SYMMETRIC, RangeSearch.MIN_MAX).codes(task)));
  }

  private static List<Operator> operators(ModelTask task) {
    List<Operator> all =
        task.model().sites().operators().stream()
            .filter(operator -> operator.kind() != Operator.Kind.OTHER_ACTIVATION)
            .toList();
    boolean rotated =
        task.model().readers().stream().anyMatch(reader -> reader.norm().kind() != Norm.Kind.LAYER);
    if (all.isEmpty() || rotated) {
      throw new IllegalArgumentException(
          "i-vit has integer forms for vision transformers with layer normalisation, found "
              + task.model().architecture()
              + (rotated ? " after a rotation" : "")
              + "; choose another method, or rotate nothing");
    }
    return all;
  }

  private Map<Site, StoredFunction> quantizers(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters =
        new TensorGrids(Symmetry.SYMMETRIC, RangeSearch.MIN_MAX).fitters(task, site -> true);
    task.progress().begin("calibrate", 1, "passes");
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    SiteFitting.fit(
            task.ops(), task.model(), SampleBatches.one(task.samples(), options.images()), fitters)
        .forEach((site, function) -> quantizers.put(site, (StoredFunction) function));
    task.progress().to(1, "");
    return quantizers;
  }

  private static StoredForm form(Operator operator, Largest largest) {
    return switch (operator.kind()) {
      case SOFTMAX -> new ShiftmaxForm(largest.scale(FUNCTION_BITS), FUNCTION_BITS, WIDE_BITS);
      case GELU -> new ShiftGeluForm(largest.scale(FUNCTION_BITS), FUNCTION_BITS, FUNCTION_BITS);
      case LAYER_NORM -> new LayerNormForm(largest.scale(WIDE_BITS), WIDE_BITS);
      case OTHER_ACTIVATION ->
          throw new IllegalArgumentException("'" + operator + "' has no integer form");
    };
  }
}
