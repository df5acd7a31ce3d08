package nibble.nn.cache;

import java.util.Arrays;
import java.util.Map;
import nibble.kernels.lowbit.GroupCodes;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Tensor;

/**
 * Codes of levels that are not uniform, with a range for each channel that was found beforehand, as
 * KVQuant stores keys (<a href="https://arxiv.org/abs/2401.18079">arXiv:2401.18079</a>, sections
 * 3.1, 3.3 and 3.4): {@code u = (x - offset[c]) / range[c]}, code of the level nearest to u, {@code
 * x' = offset[c] + range[c] level}. A channel with {@code |u| > 1} is an outlier and kept in float,
 * the farthest first, at most {@code cap} of a token.
 *
 * <p>Differs from the reference: outliers are F32, channels beyond the cap take the nearest level.
 */
public final class ChannelLevels implements RowCodec {
  static final String KIND = "channel-levels";

  private final float[] offset;
  private final float[] range;
  private final Levels levels;
  private final int group;
  private final int cap;

  /**
   * @param offset {@code [width]}, the middle of each channel
   * @param range {@code [width]}, half of its range, positive
   * @param levels of channels in units of their range
   * @param group channels that are stored together, such as those of a head; changes no value
   * @param cap most outliers of a token
   */
  public ChannelLevels(Tensor offset, Tensor range, Levels levels, int group, int cap) {
    this.offset = offset.toFloats();
    this.range = range.toFloats();
    this.levels = levels;
    this.group = group;
    this.cap = cap;
    if (this.offset.length != this.range.length
        || group < 1
        || this.offset.length % group != 0
        || cap < 0
        || cap > this.offset.length) {
      throw new IllegalArgumentException(
          "channel levels need an offset and a range for each channel, a group that divides them"
              + " and a cap of at most as "
              + "many, found %d, %d, %d and %d"
                  .formatted(this.offset.length, this.range.length, group, cap));
    }
    for (int i = 0; i < this.range.length; i++) {
      if (!(this.range[i] > 0)
          || !Float.isFinite(this.range[i])
          || !Float.isFinite(this.offset[i])) {
        throw new IllegalArgumentException(
            "channel %d has the range %s and the offset %s, expected a positive and a finite number"
                .formatted(i, this.range[i], this.offset[i]));
      }
    }
  }

  static ChannelLevels of(FunctionRecord record) {
    return new ChannelLevels(
        record.tensor("offset"),
        record.tensor("range"),
        Levels.of(record),
        record.integer("group"),
        record.integer("cap"));
  }

  @Override
  public int bits() {
    return levels.bits();
  }

  @Override
  public void check(int width, int together) {
    if (width != offset.length || together % group != 0) {
      throw new IllegalArgumentException(
          "channel levels are for %d channels in groups of %d, the layer has %d and reads %d together"
              .formatted(offset.length, group, width, together));
    }
  }

  @Override
  public int codeBytes(int width) {
    return width / group * GroupCodes.bytes(bits(), group);
  }

  @Override
  public int numbers(int width) {
    return 0;
  }

  @Override
  public int mostOutliers(int width) {
    return cap;
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
    float[] distance = new float[width];
    int[] q = new int[width];
    int outside = 0;
    for (int c = 0; c < width; c++) {
      float u = (x[at + c] - offset[c]) / range[c];
      distance[c] = Math.abs(u);
      outside += distance[c] <= 1 ? 0 : 1; // NaN is outside
      q[c] = levels.code(u);
    }
    float[] sorted = outside > cap ? distance.clone() : distance;
    if (outside > cap) {
      Arrays.sort(sorted);
    }
    float threshold = outside > cap && cap > 0 ? sorted[width - cap] : 1;
    int kept = 0;
    for (int c = 0; c < width && kept < cap; c++) {
      if (!(distance[c] <= 1) && !(distance[c] < threshold)) {
        outliers.add(c, x[at + c]);
        kept++;
      }
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
    levels.unpack(group, codes, codesAt, from, count, out, to);
    for (int i = 0; i < count; i++) {
      out[to + i] = Math.fma(levels.value((int) out[to + i]), range[from + i], offset[from + i]);
    }
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of("group", (double) group, "cap", (double) cap),
        Map.of(
            "offset",
            Tensor.of(offset, offset.length),
            "range",
            Tensor.of(range, range.length),
            "levels",
            levels.tensor(),
            "thresholds",
            levels.thresholdTensor()));
  }

  @Override
  public String format() {
    return "NUQ" + bits() + " per channel";
  }
}
