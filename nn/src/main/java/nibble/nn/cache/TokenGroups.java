package nibble.nn.cache;

import java.util.Map;
import nibble.kernels.lowbit.GroupCodes;
import nibble.nn.site.FunctionRecord;

/**
 * Uniform codes per token in groups of channels, each with its own range:
 *
 * <pre>{@code
 * least = clip min(x)    scale = clip (max(x) - min(x)) / (2^b - 1)    both rounded to F16
 * q = clamp(rint((x - least) / scale), 0, 2^b - 1)    x' = scale q + least
 * }</pre>
 *
 * <p>A group of equal channels has the scale 0 and keeps their F16 value. Rounding is half to even.
 * Infinite channels count as the largest F16 number. NaN makes its group NaN.
 *
 * @param bits 2, 3, 4 or 8
 * @param group channels of a group
 * @param clip share of the range that is kept, above 0, at most 1
 */
public record TokenGroups(int bits, int group, float clip) implements RowCodec {
  static final String KIND = "token-groups";
  private static final float LARGEST = 65504;

  public TokenGroups {
    if (!GroupCodes.isSupported(bits)) {
      throw new IllegalArgumentException("a cache has codes of 2, 3, 4 or 8 bits, not " + bits);
    }
    if (group < 1) {
      throw new IllegalArgumentException(
          "the group size of a cache must be positive, was " + group);
    }
    if (!(clip > 0 && clip <= 1)) {
      throw new IllegalArgumentException(
          "the clip ratio of a cache must be above 0 and at most 1, was " + clip);
    }
  }

  static TokenGroups of(FunctionRecord record) {
    Double clip = record.numbers().get("clip");
    return new TokenGroups(
        record.integer("bits"), record.integer("group"), clip == null ? 1 : clip.floatValue());
  }

  @Override
  public void check(int width, int together) {
    if (together % group != 0) {
      throw new IllegalArgumentException(
          "the group size %d of a cache does not divide the %d channels that are read together"
              .formatted(group, together));
    }
  }

  @Override
  public int codeBytes(int width) {
    return width / group * GroupCodes.bytes(bits, group);
  }

  @Override
  public int numbers(int width) {
    return width / group * 2;
  }

  @Override
  public int mostOutliers(int width) {
    return 0;
  }

  @Override
  public void encode(
      int width,
      float[] x,
      int at,
      byte[] codes,
      int codesAt,
      short[] numbers,
      int numbersAt,
      Outliers outliers) {
    int[] q = new int[group];
    int bytes = GroupCodes.bytes(bits, group);
    for (int g = 0; g < width / group; g++) {
      int from = at + g * group;
      float min = Float.POSITIVE_INFINITY;
      float max = Float.NEGATIVE_INFINITY;
      for (int i = from; i < from + group; i++) {
        min = Math.min(min, x[i]);
        max = Math.max(max, x[i]);
      }
      min = clip * Math.clamp(min, -LARGEST, LARGEST);
      max = clip * Math.clamp(max, -LARGEST, LARGEST);
      short scale16 = Float.floatToFloat16(Math.min(LARGEST, (max - min) / ((1 << bits) - 1)));
      short least16 = Float.floatToFloat16(min);
      numbers[numbersAt + 2 * g] = scale16;
      numbers[numbersAt + 2 * g + 1] = least16;
      round(x, from, Float.float16ToFloat(scale16), Float.float16ToFloat(least16), q);
      GroupCodes.pack(bits, group, q, 0, codes, codesAt + g * bytes);
    }
  }

  private void round(float[] x, int from, float scale, float least, int[] q) {
    int most = (1 << bits) - 1;
    for (int i = 0; i < group; i++) {
      q[i] =
          scale > 0
              ? (int) Math.rint(Math.clamp((x[from + i] - least) / scale, 0f, (float) most))
              : 0;
    }
  }

  @Override
  public void decode(
      int from,
      int count,
      byte[] codes,
      int codesAt,
      short[] numbers,
      int numbersAt,
      float[] out,
      int to) {
    int bytes = GroupCodes.bytes(bits, group);
    GroupCodes kernel = GroupCodes.best();
    for (int g = from / group; g < (from + count) / group; g++) {
      float scale = Float.float16ToFloat(numbers[numbersAt + 2 * g]);
      float least = Float.float16ToFloat(numbers[numbersAt + 2 * g + 1]);
      kernel.unpack(
          bits, group, codes, codesAt + g * bytes, scale, least, out, to + g * group - from);
    }
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of("bits", (double) bits, "group", (double) group, "clip", (double) clip),
        Map.of());
  }

  @Override
  public String format() {
    return "INT" + bits + " g" + group;
  }
}
