package nibble.quant.ptq4vit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import nibble.nn.Linear;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fisher.LayerSamples;
import nibble.quant.fisher.ProductSamples;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.range.TwinGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Scales of linear layers that read one input, and of this input: weights and input in turn, by the
 * distance of all outputs.
 */
final class LinearSearch {
  private final Ops ops;
  private final Ptq4VitOptions options;
  private final Candidates candidates;
  private final Tensor input;
  private final List<Part> parts = new ArrayList<>();
  private @Nullable StoredFunction quantizer;
  private Tensor quantized;
  private double first;
  private double last;

  /** Rows of a weight that share a scale, with their output. */
  private static final class Part {
    private final Linear linear;
    private final int from;
    private final Tensor weight;
    private final OutputDistance distance;
    private final OptionalInt bits;
    private float scale;
    private Tensor quantized;

    Part(
        Ops ops,
        Linear linear,
        int from,
        Tensor weight,
        Tensor input,
        @Nullable Tensor gradient,
        OptionalInt bits) {
      this.linear = linear;
      this.from = from;
      this.weight = weight;
      this.bits = bits;
      distance = OutputDistance.of(ops.linear(input, weight, null), gradient);
      quantized = weight;
      if (bits.isPresent()) {
        float[] w = weight.toFloats();
        scale = new SymmetricGrid(bits.getAsInt()).first(w, 0, w.length);
        quantized = new SymmetricGrid(bits.getAsInt()).fakeQuantize(weight, scale);
      }
    }
  }

  /**
   * @param readers layers that read the input, with the bits of their weights
   * @param inputBits empty where the input stays in float
   */
  LinearSearch(
      Ops ops,
      Map<Linear, OptionalInt> readers,
      OptionalInt inputBits,
      ProductSamples samples,
      Ptq4VitOptions options) {
    this.ops = ops;
    this.options = options;
    candidates = new Candidates(options.candidates(), options.low(), options.high());
    input = samples.of(readers.keySet().iterator().next()).input();
    quantized = input;
    readers.forEach((linear, bits) -> add(linear, bits, samples.of(linear)));
    search(inputBits);
  }

  /** A weight that holds query, key and value has a scale for each. */
  private void add(Linear linear, OptionalInt bits, LayerSamples samples) {
    int count = linear.name().endsWith(".attn.qkv") && linear.out() % 3 == 0 ? 3 : 1;
    int size = linear.out() / count;
    float[] w = linear.weight().peek().toFloats();
    for (int i = 0; i < count; i++) {
      Tensor weight =
          Tensor.of(
              Arrays.copyOfRange(w, i * size * linear.in(), (i + 1) * size * linear.in()),
              size,
              linear.in());
      @Nullable Tensor all = samples.gradient();
      @Nullable Tensor gradient =
          all == null ? null : all.slice(1, i * size, (i + 1) * size).toF32();
      parts.add(new Part(ops, linear, i * size, weight, input, gradient, bits));
    }
  }

  private void search(OptionalInt inputBits) {
    float[] x = input.toFloats();
    float scale = 0;
    boolean gelu = false;
    if (inputBits.isPresent()) {
      gelu = options.twin() && TwinGrid.isAfterGelu(x);
      scale =
          gelu
              ? firstPositive(x, inputBits.getAsInt())
              : new SymmetricGrid(inputBits.getAsInt()).first(x, 0, x.length);
      set(inputBits.getAsInt(), scale, gelu);
    }
    first = total(quantized);
    int rounds = inputBits.isPresent() ? options.rounds() : 1;
    for (int round = 0; round < rounds; round++) {
      parts.forEach(this::searchWeight);
      if (inputBits.isPresent()) {
        int bits = inputBits.getAsInt();
        boolean twin = gelu;
        // candidates are shares of the first scale in every round, as in the authors' code, and the
        // present one
        float present = scale;
        float begin = twin ? firstPositive(x, bits) : new SymmetricGrid(bits).first(x, 0, x.length);
        ToDoubleFunction<Float> distance = s -> total(quantize(bits, s, twin));
        Candidates.Found found = candidates.best(begin, distance::applyAsDouble);
        scale = distance.applyAsDouble(present) <= found.distance() ? present : found.scale();
        set(bits, scale, twin);
      }
    }
    last = total(quantized);
  }

  private static float firstPositive(float[] x, int bits) {
    float largest = Float.MIN_NORMAL;
    for (float value : x) {
      largest = Math.max(largest, value);
    }
    return Math.max(largest / ((1 << (bits - 1)) - 0.5f), Float.MIN_NORMAL);
  }

  private void set(int bits, float scale, boolean gelu) {
    quantizer = function(bits, scale, gelu);
    quantized = quantize(bits, scale, gelu);
  }

  private static StoredFunction function(int bits, float scale, boolean gelu) {
    return gelu
        ? TwinGrid.signs(bits, scale, (float) (TwinGrid.GELU_DEPTH / (1 << (bits - 1))))
        : UniformQuantizer.symmetric(bits, Tensor.scalar(scale));
  }

  private Tensor quantize(int bits, float scale, boolean gelu) {
    return gelu
        ? function(bits, scale, true).apply(ops, input)
        : new SymmetricGrid(bits).fakeQuantize(input, scale);
  }

  private double total(Tensor x) {
    double sum = 0;
    for (Part part : parts) {
      sum += distance(part, x, part.quantized);
    }
    return sum;
  }

  private double distance(Part part, Tensor x, Tensor weight) {
    try (Scope scope = ops.scope()) {
      return part.distance.to(ops.linear(x, weight, null));
    }
  }

  private void searchWeight(Part part) {
    if (part.bits.isEmpty()) {
      return;
    }
    SymmetricGrid grid = new SymmetricGrid(part.bits.getAsInt());
    float[] w = part.weight.toFloats();
    float begin = grid.first(w, 0, w.length);
    Candidates.Found found =
        candidates.best(begin, s -> distance(part, quantized, grid.fakeQuantize(part.weight, s)));
    if (found.distance() < distance(part, quantized, part.quantized)) {
      part.scale = found.scale();
      part.quantized = grid.fakeQuantize(part.weight, part.scale);
    }
  }

  /** The quantizer of the input; null where it stays in float. */
  @Nullable StoredFunction quantizer() {
    return quantizer;
  }

  /** Distance with the first scales. */
  double firstDistance() {
    return first;
  }

  /** Distance with the scales that were found; never more. */
  double distance() {
    return last;
  }

  /** Codes of the weights that are quantized. */
  Map<Linear, QuantizedTensor> codes() {
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    Map<Linear, float[]> scales = new LinkedHashMap<>();
    for (Part part : parts) {
      if (part.bits.isPresent()) {
        float[] rows = scales.computeIfAbsent(part.linear, l -> new float[l.out()]);
        Arrays.fill(rows, part.from, part.from + part.weight.dim(0), part.scale);
      }
    }
    scales.forEach(
        (linear, rows) -> {
          int bits =
              parts.stream()
                  .filter(p -> p.linear == linear)
                  .findFirst()
                  .orElseThrow()
                  .bits
                  .getAsInt();
          QuantParams params =
              new QuantParams(
                  IntFormat.symmetric(bits),
                  new Granularity.PerChannel(),
                  linear.out(),
                  linear.in(),
                  rows,
                  new byte[rows.length]);
          codes.put(
              linear,
              new QuantizedTensor(
                  params.quantize(linear.name(), linear.weight().peek().toFloats(), 0), params));
        });
    return codes;
  }

  /**
   * {@code mean over rows of Xq (fq(W) - W)^T}: what the bias has to lose, for each layer whose
   * weight is quantized.
   */
  Map<Linear, float[]> biasErrors() {
    Map<Linear, float[]> errors = new LinkedHashMap<>();
    for (Part part : parts) {
      if (part.bits.isPresent()) {
        Tensor mean =
            ops.mean(ops.linear(quantized, ops.sub(part.quantized, part.weight), null), 0, false);
        System.arraycopy(
            mean.toFloats(),
            0,
            errors.computeIfAbsent(part.linear, l -> new float[l.out()]),
            part.from,
            part.weight.dim(0));
      }
    }
    return errors;
  }
}
