package nibble.quant.format;

/**
 * Which elements of a matrix share one scale. Weights are {@code [out, in]}, activations {@code
 * [tokens, in]}.
 */
public sealed interface Granularity {
  /** One scale for all. */
  record PerTensor() implements Granularity {}

  /** One scale for each output channel: a row of a weight. */
  record PerChannel() implements Granularity {}

  /**
   * One scale for {@code groupSize} consecutive inputs of each row. Where the group size does not
   * divide the row, its last group is shorter.
   */
  record PerGroup(int groupSize) implements Granularity {
    public PerGroup {
      if (groupSize < 1) {
        throw new IllegalArgumentException("group size must be positive, was " + groupSize);
      }
    }
  }

  /** One scale for each token: a row of an activation. */
  record PerToken() implements Granularity {}

  /** Number of scales along a row; 1 where a row or the whole matrix shares one. */
  default int groupsPerRow(int columns) {
    return switch (this) {
      case PerGroup(int g) -> Math.max(1, Math.ceilDiv(columns, g));
      case PerTensor(), PerChannel(), PerToken() -> 1;
    };
  }

  /** Number of consecutive columns that share a scale; {@code columns} where a row is not split. */
  default int groupSize(int columns) {
    return switch (this) {
      case PerGroup(int g) -> Math.min(g, Math.max(1, columns));
      case PerTensor(), PerChannel(), PerToken() -> Math.max(1, columns);
    };
  }

  /**
   * Number of scales for a matrix {@code [rows, columns]}, which are ordered by row, then group.
   */
  default int scaleCount(int rows, int columns) {
    return this instanceof PerTensor ? 1 : Math.multiplyExact(rows, groupsPerRow(columns));
  }
}
