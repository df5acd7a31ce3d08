package nibble.quant.format;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Integer codes for some inputs, 16-bit floats for the others.
 *
 * @param codes {@code [out, quantized inputs]}, in ascending order of the inputs
 * @param columns {@code [out, inputs.length]}, F16 numbers
 * @param inputs the float ones, ascending
 */
public record FloatColumnsTensor(QuantizedTensor codes, float[] columns, int[] inputs)
    implements QuantizedWeight {
  public FloatColumnsTensor {
    if (columns.length != Math.multiplyExact(codes.out(), inputs.length)) {
      throw new IllegalArgumentException(
          "%d outputs of %d float inputs need as many values, found %d"
              .formatted(codes.out(), inputs.length, columns.length));
    }
  }

  /**
   * Takes codes and float columns apart.
   *
   * @param all codes of all inputs, one scale for each output
   * @param w {@code [out, in]}, the float columns are taken from here and rounded to F16
   * @param frozen which inputs are float, at least one and not all
   */
  public static FloatColumnsTensor of(QuantizedTensor all, float[] w, boolean[] frozen) {
    if (all.params().groupsPerRow() != 1) {
      throw new IllegalArgumentException(
          "float columns need one scale for each output channel, the codes have groups");
    }
    int in = all.in();
    int[] inputs = IntStream.range(0, in).filter(i -> frozen[i]).toArray();
    byte[] codes = new byte[all.out() * (in - inputs.length)];
    float[] columns = new float[all.out() * inputs.length];
    int code = 0;
    int column = 0;
    for (int i = 0; i < w.length; i++) {
      if (frozen[i % in]) {
        columns[column++] = Float.float16ToFloat(Float.floatToFloat16(w[i]));
      } else {
        codes[code++] = all.codes()[i];
      }
    }
    QuantParams params = all.params();
    QuantParams narrow =
        new QuantParams(
            params.format(),
            params.granularity(),
            all.out(),
            in - inputs.length,
            params.scales(),
            params.zeroPoints());
    return new FloatColumnsTensor(new QuantizedTensor(codes, narrow), columns, inputs);
  }

  @Override
  public int out() {
    return codes.out();
  }

  @Override
  public int in() {
    return codes.in() + inputs.length;
  }

  @Override
  public float[] dequantize() {
    float[] dense = codes.dequantize();
    float[] values = new float[Math.multiplyExact(out(), in())];
    int code = 0;
    int column = 0;
    for (int i = 0; i < values.length; i++) {
      boolean isFloat = Arrays.binarySearch(inputs, i % in()) >= 0;
      values[i] = isFloat ? columns[column++] : dense[code++];
    }
    return values;
  }

  @Override
  public long storedBits() {
    return codes.storedBits() + 16L * columns.length + 32L * inputs.length;
  }

  @Override
  public String formatName() {
    return codes.formatName() + "-float-columns";
  }
}
