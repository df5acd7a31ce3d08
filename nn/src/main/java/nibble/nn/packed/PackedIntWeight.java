package nibble.nn.packed;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntGemm;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.QuantizedRows;
import nibble.nn.Activation;
import nibble.nn.LayerInput;
import nibble.nn.RowTable;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight of packed integer codes, for linear layers and for look-up tables. With an activation
 * quantizer the product is one of integers: activations are quantized, sums are exact, scales are
 * applied at the end. Without one, float activations meet dequantized weights tile by tile.
 *
 * @param weights codes, scales and zero points
 * @param activations how the input is quantized; null for float activations
 */
public record PackedIntWeight(IntWeights weights, @Nullable ActivationQuantizer activations)
    implements PackedWeight, RowTable {
  private static final int SAMPLE_OUT = 136;
  private static final int SAMPLE_IN = 32;

  @Override
  public int out() {
    return weights.out();
  }

  @Override
  public int in() {
    return weights.in();
  }

  @Override
  public int rows() {
    return weights.out();
  }

  @Override
  public int width() {
    return weights.in();
  }

  @Override
  public void row(int index, float[] to, int at) {
    weights.dequantize(index, to, at);
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return multiply(ops, new LayerInput(x), bias);
  }

  /** Layers with the same activation quantizer share the codes of their input. */
  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    return multiply(ops, x, Epilogue.ofBias(Products.plain(bias)));
  }

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias, Activation f) {
    return f.kernel()
        .map(kernel -> multiply(ops, x, Epilogue.ofBias(Products.plain(bias)).then(kernel)))
        .orElseGet(() -> PackedWeight.super.multiply(ops, x, bias, f));
  }

  @Override
  public Tensor multiplyAdd(Ops ops, LayerInput x, @Nullable Tensor bias, Tensor residual) {
    if (ops.isRecording() && residual.requiresGrad()
        || !residual.shape().equals(x.source().shape().with(-1, weights.out()))) {
      return PackedWeight.super.multiplyAdd(ops, x, bias, residual);
    }
    Tensor added = residual.toF32();
    return multiply(
        ops,
        x,
        Epilogue.ofBias(Products.plain(bias)).plus(added.array(), added.offset(), weights.out()));
  }

  private Tensor multiply(Ops ops, LayerInput x, Epilogue epilogue) {
    int rows = Products.rows(ops, x.source(), weights.in());
    Tensor out = ops.empty(x.source().shape().with(-1, weights.out()).dims());
    IntGemm gemm = IntGemm.best();
    if (activations == null) {
      Tensor input = x.tensor().toF32();
      gemm.multiply(
          rows,
          input.array(),
          input.offset(),
          weights.in(),
          weights,
          epilogue,
          out.array(),
          out.offset(),
          weights.out(),
          ops.splitter());
    } else {
      ActivationQuantizer quantizer = activations;
      QuantizedRows codes =
          x.derive(quantizer, QuantizedRows.class, () -> quantize(ops, x, rows, quantizer));
      gemm.multiply(
          codes, weights, epilogue, out.array(), out.offset(), weights.out(), ops.splitter());
    }
    return out;
  }

  private QuantizedRows quantize(
      Ops ops, LayerInput input, int rows, ActivationQuantizer quantizer) {
    int in = weights.in();
    Tensor x = input.source().toF32();
    Tensor levels = ops.empty(rows, QuantizedRows.stride(in));
    Tensor grid = ops.empty(rows, 2);
    return IntGemm.best()
        .quantize(
            rows,
            in,
            x.array(),
            x.offset(),
            in,
            input.rowMap(),
            quantizer,
            levels.array(),
            levels.offset(),
            grid.array(),
            grid.offset(),
            ops.splitter());
  }

  @Override
  public Optional<WeightMatrix> sample() {
    int in = weights.groups() == 1 ? SAMPLE_IN : 2 * weights.groupSize();
    int group = weights.groups() == 1 ? in : weights.groupSize();
    SplittableRandom random = new SplittableRandom(1);
    byte[] codes = new byte[SAMPLE_OUT * in];
    for (int i = 0; i < codes.length; i++) {
      double code = Math.rint(random.nextGaussian() * (1 << weights.bits()) / 6);
      codes[i] = (byte) Math.clamp(code, -(1 << weights.bits() - 1), (1 << weights.bits() - 1) - 1);
    }
    float[] scales = new float[SAMPLE_OUT * (in / group)];
    Arrays.fill(scales, 0.5f);
    if (weights.isSymmetric()) {
      return Optional.of(
          new PackedIntWeight(
              IntWeights.packSymmetric(codes, scales, SAMPLE_OUT, in, weights.bits(), group),
              activations));
    }
    int middle = 1 << weights.bits() - 1;
    for (int i = 0; i < codes.length; i++) {
      codes[i] += (byte) middle;
    }
    int[] zeroPoints = new int[scales.length];
    Arrays.fill(zeroPoints, middle);
    return Optional.of(
        new PackedIntWeight(
            IntWeights.packAsymmetric(
                codes, scales, zeroPoints, SAMPLE_OUT, in, weights.bits(), group),
            activations));
  }

  @Override
  public long bytes() {
    return weights.bytes();
  }

  @Override
  public Tensor dequantized() {
    float[] values = new float[Math.multiplyExact(weights.out(), weights.in())];
    for (int row = 0; row < weights.out(); row++) {
      weights.dequantize(row, values, row * weights.in());
    }
    return Tensor.of(values, weights.out(), weights.in());
  }

  /** The same weight with other treatment of activations. */
  public PackedIntWeight withActivations(@Nullable ActivationQuantizer quantizer) {
    return new PackedIntWeight(weights, quantizer);
  }

  @Override
  public String format() {
    String group = weights.groups() == 1 ? "" : " g" + weights.groupSize();
    String kind = weights.isSymmetric() ? "" : " asymmetric";
    String input =
        switch (activations) {
          case null -> "";
          case ActivationQuantizer.PerToken a -> ", activations INT" + a.bits() + " per token";
          case ActivationQuantizer.PerTensor a -> ", activations INT" + a.bits() + " static";
        };
    return "INT" + weights.bits() + group + kind + input;
  }
}
