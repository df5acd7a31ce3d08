package nibble.quant.adalog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import nibble.nn.Linear;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.model.RowRounding;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SquaredError;
import nibble.quant.range.TwinGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers that read one input: grids by the values first, then weights and input in turn by
 * the outputs of the layers.
 */
final class LayerFit {
  private static final double LEAST_SHARE = 0.7;
  private static final double LARGEST_SHARE = 1.1;
  private static final int SHARES = 21;

  private final Ops ops;
  private final Tensor input;
  private final List<Part> parts = new ArrayList<>();
  private final double first;
  private final double last;
  private Tensor quantized;
  private @Nullable StoredFunction quantizer;

  /** One layer. */
  private static final class Part {
    private final Linear linear;
    private final Tensor weight;
    private final Tensor output;
    private @Nullable QuantizedTensor codes;
    private Tensor quantized;

    Part(Ops ops, Linear linear, OptionalInt bits, Tensor input) {
      this.linear = linear;
      weight = Tensor.of(linear.weight().peek().toFloats(), linear.out(), linear.in());
      output = ops.linear(input, weight, null);
      quantized = weight;
      if (bits.isPresent()) {
        RangeSearch search = RangeSearch.bestOf(RangeSearch.PERCENTILES, RangeSearch.SHRINK);
        set(
            new RowRounding(Symmetry.ASYMMETRIC, search)
                .codes(linear, weight.toFloats(), bits.getAsInt(), ops.splitter()));
      }
    }

    private void set(QuantizedTensor replacement) {
      codes = replacement;
      quantized = Tensor.of(replacement.dequantize(), linear.out(), linear.in());
    }
  }

  /**
   * @param readers the layers, with the bits of their weights
   * @param input some rows of what they read, {@code [rows, in]}
   * @param inputBits empty where the input stays in float
   */
  LayerFit(
      Ops ops,
      Map<Linear, OptionalInt> readers,
      Tensor input,
      OptionalInt inputBits,
      AdaLogOptions options) {
    this.ops = ops;
    this.input = input;
    quantized = input;
    readers.forEach((linear, bits) -> parts.add(new Part(ops, linear, bits, input)));
    if (inputBits.isEmpty()) {
      first = total(input);
      parts.forEach(this::refineWeight);
    } else {
      int bits = inputBits.getAsInt();
      InputGrid grid =
          TwinGrid.isAfterGelu(input.toFloats())
              ? InputGrid.afterGelu(ops, input, bits, options.zero())
              : InputGrid.uniform(ops, input, bits);
      Fpcs.Pair pair = grid.byValues(new Fpcs(options.width(), options.refinements()));
      set(grid.quantizer(pair));
      first = total(quantized);
      for (int round = 0; round < options.rounds(); round++) {
        parts.forEach(this::refineWeight);
        pair = grid.refined(pair, new Fpcs(1, 2), this::total);
        set(grid.quantizer(pair));
      }
    }
    last = total(quantized);
  }

  private void set(StoredFunction function) {
    quantizer = function;
    quantized = function.apply(ops, input);
  }

  private double total(Tensor x) {
    double sum = 0;
    for (Part part : parts) {
      try (Scope scope = ops.scope()) {
        sum += SquaredError.of(part.output, ops.linear(x, part.quantized, null));
      }
    }
    return sum;
  }

  /**
   * Tries shares of the present scale for all rows at once; each row takes the one with the least
   * error of its own output.
   */
  private void refineWeight(Part part) {
    QuantizedTensor present = part.codes;
    if (present == null) {
      return;
    }
    QuantParams params = present.params();
    float[] best = params.scales().clone();
    double[] least = rowErrors(part, part.quantized);
    for (int i = 0; i < SHARES; i++) {
      double share = LEAST_SHARE + i * (LARGEST_SHARE - LEAST_SHARE) / (SHARES - 1);
      float[] scales = params.scales().clone();
      for (int row = 0; row < scales.length; row++) {
        scales[row] = Math.max((float) (scales[row] * share), Float.MIN_NORMAL);
      }
      QuantizedTensor candidate = quantize(part, params, scales);
      double[] errors =
          rowErrors(part, Tensor.of(candidate.dequantize(), part.linear.out(), part.linear.in()));
      for (int row = 0; row < scales.length; row++) {
        if (errors[row] < least[row]) {
          least[row] = errors[row];
          best[row] = scales[row];
        }
      }
    }
    part.set(quantize(part, params, best));
  }

  private static QuantizedTensor quantize(Part part, QuantParams like, float[] scales) {
    QuantParams params =
        new QuantParams(
            like.format(),
            new Granularity.PerChannel(),
            like.rows(),
            like.columns(),
            scales,
            like.zeroPoints());
    return new QuantizedTensor(
        params.quantize(part.linear.name(), part.weight.toFloats(), 0), params);
  }

  /** Squared error of every output channel. */
  private double[] rowErrors(Part part, Tensor weight) {
    try (Scope scope = ops.scope()) {
      Tensor output = ops.linear(quantized, weight, null);
      int out = part.linear.out();
      double[] errors = new double[out];
      int rows = output.dim(0);
      for (int row = 0; row < rows; row++) {
        for (int j = 0; j < out; j++) {
          double error =
              (double) part.output.array()[part.output.offset() + row * out + j]
                  - output.array()[output.offset() + row * out + j];
          errors[j] += error * error;
        }
      }
      return errors;
    }
  }

  /** The quantizer of the input; null where it stays in float. */
  @Nullable StoredFunction quantizer() {
    return quantizer;
  }

  /** Squared error of all outputs with grids that were found by values alone. */
  double firstError() {
    return first;
  }

  /** The same at the end; never more. */
  double error() {
    return last;
  }

  /** Codes of the weights that are quantized. */
  Map<Linear, QuantizedTensor> codes() {
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    for (Part part : parts) {
      QuantizedTensor chosen = part.codes;
      if (chosen != null) {
        codes.put(part.linear, chosen);
      }
    }
    return codes;
  }
}
