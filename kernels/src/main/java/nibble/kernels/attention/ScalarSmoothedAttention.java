package nibble.kernels.attention;

import nibble.kernels.parallel.WorkSplitter;

/** The specification: codes of whole heads, sums of products as integers, the rest in double. */
final class ScalarSmoothedAttention implements SmoothedAttention {
  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      SmoothedScores codes,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter) {
    if (shape.queries() == 1) {
      new ScalarAttention().forward(shape, rule, q, k, v, null, null, out, splitter);
      return;
    }
    codes.check(shape);
    AttentionOperands operands = new AttentionOperands(shape, rule, q, null, null, out);
    operands.check("k", k);
    operands.check("v", v);
    splitter.run(
        shape.batch() * shape.heads(),
        (unit, scratch) -> {
          int b = unit / shape.heads();
          int head = unit % shape.heads();
          int kvHead = head / shape.group();
          ScalarCodes keys =
              ScalarCodes.of(
                  codes,
                  k,
                  b,
                  kvHead,
                  shape.keys(),
                  shape.headDim(),
                  SmoothedScores.KEY_BLOCK,
                  codes.smoothKeys() ? ScalarCodes.Mean.ALL : ScalarCodes.Mean.NONE);
          ScalarCodes queries =
              ScalarCodes.of(
                  codes,
                  q,
                  b,
                  head,
                  shape.queries(),
                  shape.headDim(),
                  SmoothedScores.QUERY_BLOCK,
                  codes.smoothQueries() ? ScalarCodes.Mean.BLOCK : ScalarCodes.Mean.NONE);
          double[] scores = new double[shape.keys()];
          for (int i = 0; i < shape.queries(); i++) {
            for (int j = rule.firstKey(i); j < rule.endKey(i, shape.keys()); j++) {
              scores[j] = score(rule, queries, i, keys, j);
            }
            mix(operands, v, b, i, head, scores);
          }
        });
  }

  private static double score(
      AttentionRule rule, ScalarCodes queries, int i, ScalarCodes keys, int j) {
    double score =
        rule.scale()
            * ((double) queries.scale(i) * keys.scale(j) * queries.product(i, keys, j)
                + queries.meanTimes(i, keys, j));
    return rule.isCapped() ? rule.softCap() * Math.tanh(score / rule.softCap()) : score;
  }

  private static void mix(
      AttentionOperands operands, HeadView v, int b, int i, int head, double[] scores) {
    AttentionShape shape = operands.shape();
    int from = operands.rule().firstKey(i);
    int to = operands.rule().endKey(i, shape.keys());
    double max = Double.NEGATIVE_INFINITY;
    for (int j = from; j < to; j++) {
      max = Math.max(max, scores[j]);
    }
    double[] sums = new double[shape.headDim()];
    double total = 0;
    for (int j = from; j < to; j++) {
      double p = Math.exp(scores[j] - max);
      total += p;
      int at = v.at(b, j, head / shape.group());
      for (int c = 0; c < sums.length; c++) {
        sums[c] += p * v.array()[at + c];
      }
    }
    int to0 = operands.out().at(b, i, head);
    for (int c = 0; c < sums.length; c++) {
      operands.out().array()[to0 + c] = total == 0 ? 0 : (float) (sums[c] / total);
    }
  }
}
