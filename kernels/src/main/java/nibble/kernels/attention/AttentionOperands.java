package nibble.kernels.attention;

import org.jspecify.annotations.Nullable;

/** The arguments of one call but keys and values, checked. */
record AttentionOperands(
    AttentionShape shape,
    AttentionRule rule,
    HeadView q,
    int @Nullable [] keyLengths,
    @Nullable HeadView bias,
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
