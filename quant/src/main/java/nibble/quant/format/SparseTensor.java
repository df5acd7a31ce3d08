package nibble.quant.format;

import nibble.kernels.lowbit.SparseRows;

/**
 * Integer codes with single elements in 16-bit float beside them. The codes are those of 0 where
 * there is an element.
 *
 * @param codes {@code [out, in]}
 * @param side the elements; values are F16 numbers
 */
public record SparseTensor(QuantizedTensor codes, SparseRows side) implements QuantizedWeight {
  public SparseTensor {
    if (side.out() != codes.out() || side.in() != codes.in()) {
      throw new IllegalArgumentException(
          "sparse elements of [%d, %d] do not fit codes [%d, %d]"
              .formatted(side.out(), side.in(), codes.out(), codes.in()));
    }
  }

  /**
   * Codes and the elements of {@code w} that are kept, rounded to F16; the codes of these become 0.
   *
   * @param w {@code [out, in]}
   * @param kept which elements
   */
  public static SparseTensor of(QuantizedTensor codes, float[] w, boolean[] kept) {
    byte[] cleared = codes.codes().clone();
    float[] rounded = w.clone();
    for (int i = 0; i < kept.length; i++) {
      if (kept[i]) {
        cleared[i] =
            codes.params().zeroPoints()[codes.params().indexOf(i / codes.in(), i % codes.in())];
        rounded[i] = Float.float16ToFloat(Float.floatToFloat16(w[i]));
      }
    }
    return new SparseTensor(
        new QuantizedTensor(cleared, codes.params()),
        SparseRows.of(rounded, kept, codes.out(), codes.in()));
  }

  @Override
  public int out() {
    return codes.out();
  }

  @Override
  public int in() {
    return codes.in();
  }

  @Override
  public float[] dequantize() {
    float[] values = codes.dequantize();
    side.addTo(values);
    return values;
  }

  /** 16 bits for a value, 32 for its column, 32 for a row. */
  @Override
  public long storedBits() {
    return codes.storedBits() + 48L * side.count() + 32L * (side.out() + 1);
  }

  @Override
  public String formatName() {
    return codes.formatName() + "-sparse";
  }
}
