package nibble.quant.bcq;

import nibble.quant.format.Granularity;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;

/**
 * A weight {@code [out, in]} as a sum of binary planes: {@code w[o, i] = offsets[o, g] + sum over p
 * of scales[o, g, p] * (bit of plane p at (o, i) ? 1 : -1)}, {@code g = i / groupSize}. Immutable
 * by contract: arrays are shared and not to be written.
 *
 * @param planes binary planes, 1 to 8
 * @param groupSize inputs that share scales; the last group of a row may be shorter
 * @param bits {@code [planes, out, ceil(in / 32)]} words; bit {@code i % 32} of word {@code i / 32}
 *     belongs to input {@code i}, set for +1; bits after the last input are 0
 * @param scales {@code [out, groups, planes]}
 * @param offsets {@code [out, groups]}
 */
public record BinaryCodedTensor(
    int out, int in, int planes, int groupSize, int[] bits, float[] scales, float[] offsets)
    implements QuantizedWeight {

  public BinaryCodedTensor {
    if (planes < 1 || planes > 8 || groupSize < 1) {
      throw new IllegalArgumentException(
          "expected 1 to 8 planes and a positive group size, found %d and %d"
              .formatted(planes, groupSize));
    }
    int groups = Math.multiplyExact(out, Math.ceilDiv(in, groupSize));
    if (bits.length != planes * out * Math.ceilDiv(in, 32)
        || scales.length != groups * planes
        || offsets.length != groups) {
      throw new IllegalArgumentException(
          "%d planes of [%d, %d] in groups of %d do not fit %d words, %d scales and %d offsets"
              .formatted(planes, out, in, groupSize, bits.length, scales.length, offsets.length));
    }
  }

  /**
   * The same values as a uniform grid's: {@code s (u - z)} with {@code u = sum 2^i bit_i} is the
   * binary code with scales {@code s 2^i / 2} and offset {@code s (2^k - 1) / 2 - s z}. Equal to
   * float rounding.
   */
  public static BinaryCodedTensor ofUniform(QuantizedTensor uniform) {
    QuantParams params = uniform.params();
    int k = uniform.bits();
    int out = uniform.out();
    int in = uniform.in();
    int size =
        params.granularity() instanceof Granularity.PerGroup ? params.groupSize() : Math.max(1, in);
    int groups = Math.ceilDiv(in, size);
    int min = params.format().minCode();
    float[] scales = new float[out * groups * k];
    float[] offsets = new float[out * groups];
    int[] bits = new int[k * out * Math.ceilDiv(in, 32)];
    for (int row = 0; row < out; row++) {
      for (int group = 0; group < groups; group++) {
        int index = params.indexOf(row, group * size);
        double scale = params.scales()[index];
        for (int i = 0; i < k; i++) {
          scales[(row * groups + group) * k + i] = (float) (scale * (1 << i) / 2);
        }
        offsets[row * groups + group] =
            (float) (scale * (((1 << k) - 1) / 2.0 - (params.zeroPoints()[index] - min)));
      }
      for (int i = 0; i < in; i++) {
        setCode(bits, out, in, k, row, i, uniform.codes()[row * in + i] - min);
      }
    }
    return new BinaryCodedTensor(out, in, k, size, bits, scales, offsets);
  }

  static void setCode(int[] bits, int out, int in, int planes, int row, int column, int code) {
    int words = Math.ceilDiv(in, 32);
    for (int p = 0; p < planes; p++) {
      bits[(p * out + row) * words + column / 32] |= (code >> p & 1) << (column % 32);
    }
  }

  /** Whether any group has an offset other than 0. */
  public boolean hasOffsets() {
    for (float offset : offsets) {
      if (offset != 0) {
        return true;
      }
    }
    return false;
  }

  /** The bits of all planes of a weight; plane p is bit p. */
  public int code(int row, int column) {
    int words = Math.ceilDiv(in, 32);
    int code = 0;
    for (int p = 0; p < planes; p++) {
      code |= (bits[(p * out + row) * words + column / 32] >>> (column % 32) & 1) << p;
    }
    return code;
  }

  @Override
  public float[] dequantize() {
    float[] values = new float[out * in];
    int groups = Math.ceilDiv(in, groupSize);
    for (int row = 0; row < out; row++) {
      for (int i = 0; i < in; i++) {
        int group = row * groups + i / groupSize;
        int code = code(row, i);
        double value = offsets[group];
        for (int p = 0; p < planes; p++) {
          value += (code >> p & 1) == 1 ? scales[group * planes + p] : -scales[group * planes + p];
        }
        values[row * in + i] = (float) value;
      }
    }
    return values;
  }

  /** Offsets that are all 0 are not written. */
  @Override
  public long storedBits() {
    return 32L * (bits.length + (long) scales.length + (hasOffsets() ? offsets.length : 0));
  }

  @Override
  public String formatName() {
    return "bcq%d-g%d".formatted(planes, groupSize);
  }
}
