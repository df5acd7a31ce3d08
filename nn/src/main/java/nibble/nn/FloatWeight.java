package nibble.nn;

import java.util.Arrays;
import java.util.Optional;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight in F32, F16 or BF16, packed for the FP32 matrix product. 16-bit weights stay 16 bits
 * wide in memory.
 */
public final class FloatWeight implements WeightMatrix {
  /** Whole panels of every width, and one that is not full. */
  private static final int SAMPLE_OUT = 136;

  private static final int SAMPLE_IN = 8;

  private final PackedMatrix packed;
  private final DType dtype;

  private FloatWeight(PackedMatrix packed, DType dtype) {
    this.packed = packed;
    this.dtype = dtype;
  }

  /**
   * Packs {@code weight [out, in]}; every dtype but F16 and BF16 is converted to F32. The tensor is
   * not kept.
   */
  public static FloatWeight of(Tensor weight) {
    boolean half =
        (weight.dtype() == DType.F16 || weight.dtype() == DType.BF16) && weight.isContiguous();
    Tensor source = half ? weight : weight.toF32();
    Gemm.WeightType type =
        !half
            ? Gemm.WeightType.F32
            : weight.dtype() == DType.F16 ? Gemm.WeightType.F16 : Gemm.WeightType.BF16;
    PackedMatrix packed = Gemm.best().pack(source.segment(), 0, type, source.dim(0), source.dim(1));
    return new FloatWeight(packed, source.dtype());
  }

  /** A small weight with elements of {@code dtype}, converted as {@link #of} does. */
  public static FloatWeight sampleOf(DType dtype) {
    float[] values = new float[SAMPLE_OUT * SAMPLE_IN];
    Arrays.fill(values, 0.5f);
    return of(Tensor.of(values, SAMPLE_OUT, SAMPLE_IN).to(dtype));
  }

  @Override
  public Optional<WeightMatrix> sample() {
    return Optional.of(sampleOf(dtype));
  }

  @Override
  public int out() {
    return packed.out();
  }

  @Override
  public int in() {
    return packed.in();
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return ops.linear(x, packed, values(bias));
  }

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias, Activation f) {
    return f.kernel()
        .map(kernel -> ops.linear(x.tensor(), packed, values(bias), kernel, null))
        .orElseGet(() -> WeightMatrix.super.multiply(ops, x, bias, f));
  }

  /**
   * Where gradients are recorded, the sum is an operator of its own, which passes them on to the
   * residual.
   */
  @Override
  public Tensor multiplyAdd(Ops ops, LayerInput x, @Nullable Tensor bias, Tensor residual) {
    return ops.isRecording()
        ? WeightMatrix.super.multiplyAdd(ops, x, bias, residual)
        : ops.linear(x.tensor(), packed, values(bias), null, residual);
  }

  /** The bias as an array that begins with it: its own where that is one. */
  private static float @Nullable [] values(@Nullable Tensor bias) {
    if (bias == null) {
      return null;
    }
    Tensor working = bias.toF32();
    return working.offset() == 0 ? working.array() : working.toFloats();
  }

  @Override
  public long bytes() {
    return packed.bytes();
  }

  @Override
  public String format() {
    return dtype.name();
  }
}
