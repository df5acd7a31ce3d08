package nibble.nn.cache;

import java.util.Arrays;
import nibble.kernels.lowbit.GroupCodes;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Tensor;

/**
 * Sorted levels, {@code 2^bits} of them, and thresholds between them: a number takes level {@code
 * i} if {@code i} thresholds are below it.
 */
public final class Levels {
  private final int bits;
  private final float[] values;
  private final float[] thresholds;

  private Levels(float[] values, float[] thresholds) {
    this.values = values;
    this.thresholds = thresholds;
    bits = 31 - Integer.numberOfLeadingZeros(values.length);
    if (!GroupCodes.isSupported(bits)
        || values.length != 1 << bits
        || thresholds.length != values.length - 1) {
      throw new IllegalArgumentException(
          "a cache has 4, 8, 16 or 256 levels and a threshold between each two, found %d and %d"
              .formatted(values.length, thresholds.length));
    }
    checkAscending("levels", values);
    checkAscending("thresholds", thresholds);
  }

  private static void checkAscending(String what, float[] x) {
    for (int i = 0; i < x.length; i++) {
      if (!Float.isFinite(x[i]) || (i > 0 && x[i] < x[i - 1])) {
        throw new IllegalArgumentException(
            "the %s of a cache must be finite and ascend, found %s"
                .formatted(what, Arrays.toString(x)));
      }
    }
  }

  /**
   * Levels for which a number takes the nearest one, the lower of two.
   *
   * @param values 4, 8, 16 or 256 ascending numbers
   */
  public static Levels nearest(float... values) {
    float[] thresholds = new float[Math.max(0, values.length - 1)];
    for (int i = 0; i < thresholds.length; i++) {
      thresholds[i] = 0.5f * (values[i] + values[i + 1]);
    }
    return new Levels(values.clone(), thresholds);
  }

  /** Equally spaced ones from -1 to 1. */
  public static Levels uniform(int bits) {
    float[] values = new float[1 << bits];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2.0 * i / (values.length - 1) - 1);
    }
    return nearest(values);
  }

  static Levels of(FunctionRecord record) {
    return new Levels(record.tensor("levels").toFloats(), record.tensor("thresholds").toFloats());
  }

  /** The same thresholds with levels {@code factor * level + shift}, a positive factor. */
  public Levels moved(double factor, double shift) {
    float[] moved = new float[values.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = (float) (factor * values[i] + shift);
    }
    return new Levels(moved, thresholds);
  }

  int bits() {
    return bits;
  }

  Tensor tensor() {
    return Tensor.of(values.clone(), values.length);
  }

  Tensor thresholdTensor() {
    return Tensor.of(thresholds.clone(), thresholds.length);
  }

  /** The code of {@code u}; NaN has code 0. */
  public int code(float u) {
    int low = 0;
    int high = thresholds.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (u > thresholds[middle]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Packs all of {@code q}, a whole number of groups, into {@code codes} from {@code at} on. */
  void pack(int group, int[] q, byte[] codes, int at) {
    int bytes = GroupCodes.bytes(bits, group);
    for (int g = 0; g < q.length / group; g++) {
      GroupCodes.pack(bits, group, q, g * group, codes, at + g * bytes);
    }
  }

  /**
   * What {@link #pack} packed: codes {@code from} to {@code from + count}, both multiples of {@code
   * group}, as floats.
   */
  void unpack(int group, byte[] codes, int at, int from, int count, float[] out, int to) {
    int bytes = GroupCodes.bytes(bits, group);
    for (int g = from / group; g < (from + count) / group; g++) {
      GroupCodes.best()
          .unpack(bits, group, codes, at + g * bytes, 1, 0, out, to + g * group - from);
    }
  }

  /** The level of a code. */
  public float value(int code) {
    return values[code];
  }
}
