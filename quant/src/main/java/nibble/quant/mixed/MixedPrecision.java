package nibble.quant.mixed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.quant.allocation.BitAllocator;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerExecution;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.range.RangeSearch;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Mixed precision: the weight of every layer gets its own bit width, so that all together take no
 * more than the scheme's.
 *
 * <p>The integer program of HAWQ-V3 (<a
 * href="https://arxiv.org/abs/2011.10680">arXiv:2011.10680</a>, section 3.3) and of AdaQuant (<a
 * href="https://arxiv.org/abs/2006.10518">arXiv:2006.10518</a>, section 4), with a sensitivity of
 * our own:
 *
 * <pre>{@code
 * penalty(layer, b) = mean squared error of the result when this layer's weight alone has b bits
 * minimise the sum of penalties    subject to    sum of b_layer * weights_layer <= b_scheme * all weights
 * }</pre>
 *
 * <p>Layers to which a rule gives other bits than the scheme's keep them and take no part. Weights
 * are rounded to the nearest code of a grid with the least squared error for each row; inputs are
 * quantized per token when they come, as by the scheme. Cost: a forward pass for each layer and
 * width.
 */
public final class MixedPrecision implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "mixed",
          "Mixed precision by sensitivity",
          "integer program of HAWQ-V3, arXiv:2011.10680, and AdaQuant, arXiv:2006.10518;"
              + " sensitivity of our own",
          "a few samples, no labels; a forward pass for each layer and bit width",
          "at low bits, where some layers matter more than others",
          MixedOptions.OPTIONS,
          List.of("W2..8A16", "W2..8A2..8"));

  private final MixedOptions options;

  /** With the given knobs. */
  public MixedPrecision(MixedOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static MixedPrecision of(OptionValues values) {
    return new MixedPrecision(MixedOptions.of(values));
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
    return 75.0 * (1 + options.below() + options.above()) * Math.min(samples, options.images());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    int bits = task.schemes().scheme().weights().orElseThrow().format().bits();
    List<Linear> free =
        task.model().linears().stream()
            .filter(l -> task.weights(l).map(w -> w.format().bits() == bits).orElse(false))
            .toList();
    Map<String, Integer> chosen = free.isEmpty() ? Map.of() : allocate(task, free, bits);
    Map<String, Double> facts = new LinkedHashMap<>();
    chosen.forEach((layer, width) -> facts.put("mixed." + layer + ".bits", (double) width));
    LayerExecution execution = new LayerExecution();
    for (Linear linear : task.model().linears()) {
      task.weights(linear)
          .ifPresent(
              scheme -> {
                int width = chosen.getOrDefault(linear.name(), scheme.format().bits());
                @Nullable ActivationQuantizer input =
                    task.activations(linear.input())
                        .map(a -> ActivationQuantizer.perToken(a.format().bits(), false))
                        .orElse(null);
                var _ = execution.execute(linear, codes(task.ops(), linear, width), input, 0);
              });
    }
    return new MethodReport(execution.results(), facts, List.of());
  }

  private Map<String, Integer> allocate(ModelTask task, List<Linear> free, int bits) {
    int least = Math.max(IntFormat.MIN_BITS, bits - options.below());
    int most = Math.min(IntFormat.MAX_BITS, bits + options.above());
    Tensor inputs = SampleBatches.one(task.samples(), options.images());
    Tensor exact = result(task, inputs);
    List<BitAllocator.Item> items = new ArrayList<>();
    long weights = 0;
    task.progress().begin("sensitivity", (long) free.size() * (most - least + 1), "passes");
    int done = 0;
    for (Linear linear : free) {
      long size = linear.weight().shape().size();
      weights += size;
      List<BitAllocator.Choice> choices = new ArrayList<>();
      for (int width = least; width <= most; width++) {
        choices.add(
            new BitAllocator.Choice(
                width, width * size, penalty(task, linear, width, inputs, exact)));
        task.progress().to(++done, linear.name());
      }
      items.add(new BitAllocator.Item(linear.name(), choices));
    }
    return BitAllocator.solve(items, bits * weights).bits();
  }

  private static double penalty(
      ModelTask task, Linear linear, int width, Tensor inputs, Tensor exact) {
    Tensor original = linear.weight().peek();
    QuantizedTensor codes = codes(task.ops(), linear, width);
    try {
      linear.setWeight(Tensor.of(codes.dequantize(), codes.out(), codes.in()));
      try (var inference = task.ops().noGrad()) {
        return task.ops().mse(result(task, inputs), exact).item();
      }
    } finally {
      linear.setWeight(original);
    }
  }

  private static Tensor result(ModelTask task, Tensor inputs) {
    Ops ops = task.ops();
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor result = task.model().forward(ops, inputs);
      return Tensor.of(result.toFloats(), result.shape().dims());
    }
  }

  private static QuantizedTensor codes(Ops ops, Linear linear, int bits) {
    return new RowRounding(Symmetry.SYMMETRIC, RangeSearch.SHRINK)
        .codes(linear, bits, ops.splitter());
  }
}
