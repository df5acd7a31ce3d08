package nibble.nn.cache;

import java.util.Arrays;
import java.util.Map;
import nibble.kernels.lowbit.GroupCodes;
import nibble.nn.site.FunctionRecord;

/**
 * Codes of levels that are not uniform with one range for each token, found when it is stored, as
 * KVQuant stores values (<a href="https://arxiv.org/abs/2401.18079">arXiv:2401.18079</a>, sections
 * 3.3 and 3.4): the {@code side} smallest and {@code side} largest channels are outliers and kept
 * in float, the others have {@code u = (x - offset) / range} with {@code offset = (max + min) / 2},
 * {@code range = (max - min) / 2} in F16. A token with NaN becomes NaN.
 */
public final class TokenLevels implements RowCodec {
  static final String KIND = "token-levels";

  private final Levels levels;
  private final int group;
  private final int side;

  /**
   * @param levels of channels in units of their range
   * @param group channels that are stored together; changes no value
   * @param side outliers on each side
   */
  public TokenLevels(Levels levels, int group, int side) {
    this.levels = levels;
    this.group = group;
    this.side = side;
    if (group < 1 || side < 0) {
      throw new IllegalArgumentException(
          "token levels need a positive group and no negative number of outliers, found %d and %d"
              .formatted(group, side));
    }
  }

  static TokenLevels of(FunctionRecord record) {
    return new TokenLevels(Levels.of(record), record.integer("group"), record.integer("side"));
  }

  @Override
  public int bits() {
    return levels.bits();
  }

  @Override
  public void check(int width, int together) {
    if (together % group != 0 || 2 * side > width) {
      throw new IllegalArgumentException(
          "token levels in groups of %d with %d outliers do not fit %d channels of %d"
              .formatted(group, 2 * side, together, width));
    }
  }

  @Override
  public int codeBytes(int width) {
    return width / group * GroupCodes.bytes(bits(), group);
  }

  @Override
  public int numbers(int width) {
    return 2;
  }

  @Override
  public int mostOutliers(int width) {
    return 2 * side;
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
    float[] sorted = Arrays.copyOfRange(x, at, at + width);
    Arrays.sort(sorted); // NaN comes last
    boolean broken = Float.isNaN(sorted[width - 1]);
    boolean all = 2 * side == width && !broken;
    float min = all ? 0 : Math.clamp(sorted[side], -65504f, 65504f);
    float max = all ? 0 : Math.clamp(sorted[width - 1 - side], -65504f, 65504f);
    short offset16 = Float.floatToFloat16(0.5f * (max + min));
    float middle = Float.float16ToFloat(offset16);
    short range16 = Float.floatToFloat16(Math.max(max - middle, middle - min));
    float range = Float.float16ToFloat(range16);
    numbers[numbersAt] = range16;
    numbers[numbersAt + 1] = broken ? Float.floatToFloat16(Float.NaN) : offset16;
    int low = side;
    int high = side;
    int[] q = new int[width];
    for (int c = 0; c < width; c++) {
      float value = x[at + c];
      if (low > 0 && value < min || all) {
        outliers.add(c, value);
        low--;
      } else if (high > 0 && value > max) {
        outliers.add(c, value);
        high--;
      }
      q[c] = range > 0 ? levels.code((value - middle) / range) : 0;
    }
    levels.pack(group, q, codes, codesAt);
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
    float range = Float.float16ToFloat(numbers[numbersAt]);
    float middle = Float.float16ToFloat(numbers[numbersAt + 1]);
    levels.unpack(group, codes, codesAt, from, count, out, to);
    for (int i = 0; i < count; i++) {
      out[to + i] = Math.fma(levels.value((int) out[to + i]), range, middle);
    }
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of("group", (double) group, "side", (double) side),
        Map.of("levels", levels.tensor(), "thresholds", levels.thresholdTensor()));
  }

  @Override
  public String format() {
    return "NUQ" + bits() + " per token";
  }
}
