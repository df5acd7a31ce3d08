package nibble.kernels.attention;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/** The specification: one query after the other, scores and sums in double. */
final class ScalarAttention implements Attention {
  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      HeadView k,
      HeadView v,
      int @Nullable [] keyLengths,
      @Nullable HeadView bias,
      HeadView out,
      WorkSplitter splitter) {
    run(new AttentionOperands(shape, rule, q, keyLengths, bias, out), k, v, splitter);
  }

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      ProbabilityMap probabilities,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter) {
    run(
        AttentionOperands.mapped(shape, rule, probabilities, q, out, mostKeysTogether()),
        k,
        v,
        splitter);
  }

  @Override
  public int mostKeysTogether() {
    return Integer.MAX_VALUE;
  }

  private static void run(
      AttentionOperands operands, HeadView k, HeadView v, WorkSplitter splitter) {
    AttentionShape shape = operands.shape();
    operands.check("k", k);
    operands.check("v", v);
    int units = shape.batch() * shape.heads();
    splitter.run(
        units,
        (unit, scratch) -> {
          double[] scores = new double[shape.keys()];
          double[] sums = new double[shape.headDim()];
          for (int i = 0; i < shape.queries(); i++) {
            query(operands, k, v, unit / shape.heads(), i, unit % shape.heads(), scores, sums);
          }
        });
  }

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      KeyValueSource source,
      HeadView out,
      WorkSplitter splitter) {
    SourceTiles.check(shape, source);
    int width = shape.kvHeads() * shape.headDim();
    float[] k =
        new float[Math.multiplyExact(Math.multiplyExact(shape.batch(), shape.keys()), width)];
    float[] v = new float[k.length];
    int tile = source.headsTogether() * shape.headDim();
    float[] rows = new float[shape.keys() * tile];
    splitter.run(
        1,
        (task, scratch) -> {
          for (int b = 0; b < shape.batch(); b++) {
            for (int head = 0; head < shape.kvHeads(); head += source.headsTogether()) {
              source.keys(b, head, 0, shape.keys(), rows, 0, scratch);
              place(
                  rows,
                  tile,
                  k,
                  b * shape.keys() * width + head * shape.headDim(),
                  width,
                  shape.keys());
              source.values(b, head, 0, shape.keys(), rows, 0, scratch);
              place(
                  rows,
                  tile,
                  v,
                  b * shape.keys() * width + head * shape.headDim(),
                  width,
                  shape.keys());
            }
          }
        });
    HeadView keys = HeadView.of(k, 0, shape.keys(), shape.kvHeads(), shape.headDim());
    forward(
        shape,
        rule,
        q,
        keys,
        HeadView.of(v, 0, shape.keys(), shape.kvHeads(), shape.headDim()),
        null,
        null,
        out,
        splitter);
  }

  private static void place(float[] rows, int tile, float[] to, int at, int width, int count) {
    for (int row = 0; row < count; row++) {
      System.arraycopy(rows, row * tile, to, at + row * width, tile);
    }
  }

  private static void query(
      AttentionOperands o,
      HeadView k,
      HeadView v,
      int b,
      int i,
      int head,
      double[] scores,
      double[] sums) {
    AttentionShape shape = o.shape();
    int kvHead = head / shape.group();
    int from = o.rule().firstKey(i);
    int to = o.rule().endKey(i, o.keys(b));
    double max = Double.NEGATIVE_INFINITY;
    for (int j = from; j < to; j++) {
      scores[j] =
          score(
              o,
              b,
              i,
              head,
              j,
              dot(
                  shape.headDim(),
                  o.q().array(),
                  o.q().at(b, i, head),
                  k.array(),
                  k.at(b, j, kvHead)));
      max = Math.max(max, scores[j]);
    }
    Arrays.fill(sums, 0);
    double total = 0;
    for (int j = from; j < to; j++) {
      scores[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(scores[j] - max);
      total += scores[j];
    }
    if (o.probabilities() != null) {
      change(o.probabilities(), head, to, total, scores);
      total = 1;
    }
    for (int j = from; j < to && total != 0; j++) {
      int at = v.at(b, j, kvHead);
      for (int c = 0; c < shape.headDim(); c++) {
        sums[c] += scores[j] * v.array()[at + c];
      }
    }
    int outAt = o.out().at(b, i, head);
    for (int c = 0; c < shape.headDim(); c++) {
      o.out().array()[outAt + c] = total == 0 ? 0 : (float) (sums[c] / total);
    }
  }

  private static void change(
      ProbabilityMap map, int head, int keys, double total, double[] exponentials) {
    float[] e = new float[keys];
    for (int j = 0; j < keys; j++) {
      e[j] = (float) exponentials[j];
    }
    map.apply(head, keys, total == 0 ? 0 : (float) (1 / total), e, 0);
    for (int j = 0; j < keys; j++) {
      exponentials[j] = e[j];
    }
  }

  private static double dot(int count, float[] a, int aAt, float[] b, int bAt) {
    double sum = 0;
    for (int c = 0; c < count; c++) {
      sum += (double) a[aAt + c] * b[bAt + c];
    }
    return sum;
  }

  private static double score(AttentionOperands o, int b, int i, int head, int j, double dot) {
    double score = o.rule().scale() * dot;
    if (o.rule().isCapped()) {
      score = o.rule().softCap() * Math.tanh(score / o.rule().softCap());
    }
    HeadView bias = o.bias();
    return bias == null ? score : score + bias.array()[bias.at(b, i, head) + j];
  }
}
