package nibble.quant.format;

import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.packed.CodePacking;

/**
 * Integer codes of a weight {@code [out, in]} and the grids they are on. Immutable by contract:
 * arrays are shared and not to be written.
 *
 * @param codes {@code [out, in]}, one signed code a byte
 * @param params scales and zero points
 */
public record QuantizedTensor(byte[] codes, QuantParams params) implements QuantizedWeight {
  public QuantizedTensor {
    if (codes.length != Math.multiplyExact(params.rows(), params.columns())) {
      throw new IllegalArgumentException(
          "[%d, %d] needs %d codes, found %d"
              .formatted(
                  params.rows(), params.columns(), params.rows() * params.columns(), codes.length));
    }
    int min = params.format().minCode();
    int max = params.format().maxCode();
    for (byte code : codes) {
      if (code < min || code > max) {
        throw new IllegalArgumentException("code %d is outside %d .. %d".formatted(code, min, max));
      }
    }
  }

  /**
   * Rounds a weight to the nearest codes.
   *
   * @param w {@code [out, in]}, row-major
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static QuantizedTensor quantize(
      String name, float[] w, int out, int in, WeightScheme scheme) {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      QuantParams params =
          QuantParams.fit(
              name, w, 0, out, in, scheme.format(), scheme.granularity(), scheme.clip(), serial);
      return new QuantizedTensor(params.quantize(name, w, 0), params);
    }
  }

  @Override
  public int out() {
    return params.rows();
  }

  @Override
  public int in() {
    return params.columns();
  }

  /** Bit width of a code. */
  public int bits() {
    return params.format().bits();
  }

  @Override
  public float[] dequantize() {
    return params.dequantize(codes);
  }

  /** Writes what the codes of one row stand for, {@code [in]}, to {@code to} from {@code at} on. */
  public void dequantizeRow(int row, float[] to, int at) {
    params.dequantizeRow(codes, row, to, at);
  }

  /** The codes as 32-bit words, see {@link CodePacking#pack}. */
  public int[] pack() {
    return CodePacking.pack(codes, out(), in(), bits());
  }

  /**
   * The zero points {@code [out, groups]} as 32-bit words packed along {@code out}, as
   * compressed-tensors stores them.
   */
  public int[] packZeroPoints() {
    return CodePacking.packColumns(
        params.zeroPoints(),
        params.zeroPoints().length / params.groupsPerRow(),
        params.groupsPerRow(),
        bits());
  }

  /** Restores a tensor from {@link #pack} words. */
  public static QuantizedTensor unpack(int[] words, QuantParams params) {
    return new QuantizedTensor(
        CodePacking.unpack(words, params.rows(), params.columns(), params.format().bits()), params);
  }

  /** Codes and zero points at their bit width, rounded up to 32-bit words, and 32-bit scales. */
  @Override
  public long storedBits() {
    long words = (long) out() * CodePacking.wordsFor(in(), bits());
    long scales = params.scales().length;
    long zeroWords =
        params.format().isAsymmetric()
            ? (long) params.groupsPerRow()
                * CodePacking.wordsFor((int) (scales / params.groupsPerRow()), bits())
            : 0;
    return 32 * (words + scales + zeroWords);
  }

  @Override
  public String formatName() {
    String scope =
        switch (params.granularity()) {
          case Granularity.PerTensor() -> "tensor";
          case Granularity.PerChannel() -> "channel";
          case Granularity.PerGroup(int g) -> "g" + g;
          case Granularity.PerToken() -> "token";
        };
    return "int%d-%s-%s".formatted(bits(), params.format().symmetry().word(), scope);
  }
}
