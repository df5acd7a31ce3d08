package nibble.kernels.attention;

import org.jspecify.annotations.Nullable;

/** The arguments of one call but keys and values, checked. */
record AttentionOperands(
    AttentionShape shape,
    AttentionRule rule,
    HeadView q,
    int @Nullable [] keyLengths,
    @Nullable HeadView bias,
    @Nullable ProbabilityMap probabilities,
    HeadView out) {
  AttentionOperands {
    q.check("q", shape.batch(), shape.queries(), shape.heads(), shape.headDim());
    out.check("out", shape.batch(), shape.queries(), shape.heads(), shape.headDim());
    if (bias != null) {
      bias.check("bias", shape.batch(), shape.queries(), shape.heads(), shape.keys());
    }
    if (keyLengths != null) {
      checkLengths(keyLengths, shape);
    }
  }

  /** Probabilities meet the values as they are. */
  AttentionOperands(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      int @Nullable [] keyLengths,
      @Nullable HeadView bias,
      HeadView out) {
    this(shape, rule, q, keyLengths, bias, null, out);
  }

  /**
   * Probabilities of all keys are changed.
   *
   * @param most keys whose probabilities are known together
   */
  static AttentionOperands mapped(
      AttentionShape shape,
      AttentionRule rule,
      ProbabilityMap probabilities,
      HeadView q,
      HeadView out,
      int most) {
    if (shape.keys() > most || !rule.showsAll()) {
      throw new IllegalArgumentException(
          "probabilities are changed where every query sees all keys and there are at most %d, found %d and %s"
              .formatted(most, shape.keys(), rule));
    }
    return new AttentionOperands(shape, rule, q, null, null, probabilities, out);
  }

  private static void checkLengths(int[] lengths, AttentionShape shape) {
    if (lengths.length != shape.batch()) {
      throw new IllegalArgumentException(
          "attention needs one key length for each of %d sequences, got %d"
              .formatted(shape.batch(), lengths.length));
    }
    for (int length : lengths) {
      if (length < 0 || length > shape.keys()) {
        throw new IllegalArgumentException(
            "a key length must be 0 to %d, was %d".formatted(shape.keys(), length));
      }
    }
  }

  /** Checks keys or values. */
  void check(String name, HeadView view) {
    view.check(name, shape.batch(), shape.keys(), shape.kvHeads(), shape.headDim());
  }

  /** Leading keys of sequence {@code b} that are no padding. */
  int keys(int b) {
    return keyLengths == null ? shape.keys() : keyLengths[b];
  }
}
