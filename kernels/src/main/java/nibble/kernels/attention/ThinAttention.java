package nibble.kernels.attention;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.platform.Lanes;
import nibble.kernels.rowwise.Elementwise;

/**
 * Attention of one head of k and v for a few rows: keys and values are read where they are, four at
 * a time, once for all rows of a block.
 *
 * <p>Task scratch: float slots 3 (scores), 4 (sums of v), 5 (softmax).
 */
final class ThinAttention {
  /** Rows up to which packing the keys would take longer than the products. */
  static final int MOST_ROWS = 6;

  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;

  /** Keys of a block. */
  static final int KEYS = 128;

  private final AttentionOperands operands;
  private final AttentionRule rule;
  private final int depth;
  private final int group;
  private final int b;
  private final int kvHead;
  private final int rows;
  private final float[] scores;
  private final float[] sums;
  private final float[] softmax;
  private final int sumsFrom;
  private final int softmaxFrom;

  /** All rows of head {@code kvHead} of sequence {@code b}. */
  ThinAttention(AttentionOperands operands, int b, int kvHead, Scratch scratch) {
    this(operands, b, kvHead, 0, 1, scratch);
  }

  /**
   * The same as one of several heads that one thread works on at the same time: number {@code
   * member} of {@code members}.
   */
  ThinAttention(
      AttentionOperands operands, int b, int kvHead, int member, int members, Scratch scratch) {
    this.operands = operands;
    this.b = b;
    this.kvHead = kvHead;
    rule = operands.rule();
    depth = operands.shape().headDim();
    group = operands.shape().group();
    rows = operands.shape().queries() * group;
    int state = 2 * rows + OnlineSoftmax.LANES;
    scores = scratch.floats(3, rows * KEYS);
    sums = scratch.floats(4, members * rows * depth);
    softmax = scratch.floats(5, members * state);
    sumsFrom = member * rows * depth;
    softmaxFrom = member * state;
    Arrays.fill(sums, sumsFrom, sumsFrom + rows * depth, 0);
    Arrays.fill(softmax, softmaxFrom, softmaxFrom + rows, Float.NEGATIVE_INFINITY);
    Arrays.fill(softmax, softmaxFrom + rows, softmaxFrom + 2 * rows, 0);
  }

  void run(HeadView k, HeadView v) {
    for (int first = firstKey(); first < endKey(); first += KEYS) {
      keys(
          first,
          k.array(),
          k.at(b, first, kvHead),
          k.rowStride(),
          v.array(),
          v.at(b, first, kvHead),
          v.rowStride());
    }
    finish();
  }

  /** Where the first block of keys begins. */
  int firstKey() {
    return rule.firstKey(0) / KEYS * KEYS;
  }

  /** The key after the last one that a row sees. */
  int endKey() {
    return rule.endKey(operands.shape().queries() - 1, operands.keys(b));
  }

  /**
   * All rows meet the block of keys from {@code first} on, which lie at {@code kAt}, their values
   * at {@code vAt}.
   */
  void keys(int first, float[] k, int kAt, int kRow, float[] v, int vAt, int vRow) {
    int present = operands.keys(b);
    for (int row = 0; row < rows; row++) {
      int from = Math.max(0, rule.firstKey(row / group) - first);
      int to = Math.min(KEYS, rule.endKey(row / group, present) - first);
      if (from < to) {
        block(row, first, from, to, k, kAt, kRow, v, vAt, vRow);
      }
    }
  }

  /** Writes the result. */
  void finish() {
    HeadView out = operands.out();
    for (int row = 0; row < rows; row++) {
      float total = softmax[softmaxFrom + rows + row];
      OnlineSoftmax.scale(
          depth,
          total == 0 ? 0 : 1 / total,
          sums,
          sumsFrom + row * depth,
          out.array(),
          out.at(b, row / group, head(row)));
    }
  }

  private int head(int row) {
    return kvHead * group + row % group;
  }

  private void block(
      int row,
      int first,
      int from,
      int to,
      float[] k,
      int kAt,
      int kRow,
      float[] v,
      int vAt,
      int vRow) {
    HeadView q = operands.q();
    int at = row * KEYS;
    int count = OnlineSoftmax.wholeVectors(to);
    Arrays.fill(scores, at, at + count, 0);
    RowDots.of(
        depth,
        rule.scale(),
        q.array(),
        q.at(b, row / group, head(row)),
        to - from,
        k,
        kAt + from * kRow,
        kRow,
        scores,
        at + from);
    if (rule.isCapped()) {
      OnlineSoftmax.cap(count, rule.softCap(), scores, at);
    }
    HeadView bias = operands.bias();
    if (bias != null) {
      Elementwise.best()
          .add(
              to - from,
              scores,
              at + from,
              bias.array(),
              bias.at(b, row / group, head(row)) + first + from,
              scores,
              at + from);
    }
    Arrays.fill(scores, at, at + from, Float.NEGATIVE_INFINITY);
    Arrays.fill(scores, at + to, at + count, Float.NEGATIVE_INFINITY);
    float factor =
        OnlineSoftmax.take(
            count,
            scores,
            at,
            softmax,
            softmaxFrom + row,
            softmaxFrom + rows + row,
            softmaxFrom + 2 * rows);
    if (factor != 1) {
      OnlineSoftmax.scale(
          depth, factor, sums, sumsFrom + row * depth, sums, sumsFrom + row * depth);
    }
    addValues(from, to, at, v, vAt, vRow, sumsFrom + row * depth);
  }

  private void addValues(int from, int to, int at, float[] v, int vAt, int vRow, int sumAt) {
    int j = from;
    for (; j <= to - 4; j += 4) {
      addFour(
          scores[at + j],
          scores[at + j + 1],
          scores[at + j + 2],
          scores[at + j + 3],
          v,
          vAt + j * vRow,
          vRow,
          sumAt);
    }
    for (; j < to; j++) {
      Elementwise.best().axpy(depth, scores[at + j], v, vAt + j * vRow, sums, sumAt);
    }
  }

  private void addFour(
      float p0, float p1, float p2, float p3, float[] v, int v0, int vRow, int sumAt) {
    int v1 = v0 + vRow;
    int v2 = v1 + vRow;
    int v3 = v2 + vRow;
    int d = 0;
    for (; d <= depth - LANES; d += LANES) {
      FloatVector sum = FloatVector.fromArray(F, sums, sumAt + d);
      sum = FloatVector.fromArray(F, v, v0 + d).fma(FloatVector.broadcast(F, p0), sum);
      sum = FloatVector.fromArray(F, v, v1 + d).fma(FloatVector.broadcast(F, p1), sum);
      sum = FloatVector.fromArray(F, v, v2 + d).fma(FloatVector.broadcast(F, p2), sum);
      sum = FloatVector.fromArray(F, v, v3 + d).fma(FloatVector.broadcast(F, p3), sum);
      sum.intoArray(sums, sumAt + d);
    }
    for (; d < depth; d++) {
      float sum = Math.fma(v[v1 + d], p1, Math.fma(v[v0 + d], p0, sums[sumAt + d]));
      sums[sumAt + d] = Math.fma(v[v3 + d], p3, Math.fma(v[v2 + d], p2, sum));
    }
  }
}
