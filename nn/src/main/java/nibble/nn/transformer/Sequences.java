package nibble.nn.transformer;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Token sequences whose rows lie one after the other in a tensor {@code [batch, tokens, hidden]},
 * without padding: either {@code batch} of equal length, or {@code [1, rows, hidden]} with any
 * lengths. Each row has a position in its sequence. A sequence that continues one whose keys and
 * values are cached starts at the length of its cache. Immutable.
 */
public final class Sequences {
  private final int[] starts;
  private final int[] positions;
  private final List<KeyValueCache> caches;
  private final int[] rowPositions;

  private Sequences(int[] starts, int[] positions, List<KeyValueCache> caches) {
    this.starts = starts;
    this.positions = positions;
    this.caches = caches;
    rowPositions = new int[rows()];
    for (int i = 0; i < count(); i++) {
      for (int t = 0; t < length(i); t++) {
        rowPositions[starts[i] + t] = positions[i] + t;
      }
    }
  }

  /** {@code batch} sequences of {@code tokens} tokens each, from position 0. */
  public static Sequences equal(int batch, int tokens) {
    int[] lengths = new int[batch];
    Arrays.fill(lengths, tokens);
    return of(lengths);
  }

  /** Sequences of the given lengths, from position 0. */
  public static Sequences of(int... lengths) {
    return new Sequences(starts(lengths), new int[lengths.length], List.of());
  }

  /**
   * {@code lengths[i]} new tokens after what {@code caches.get(i)} holds; no cache may occur twice.
   */
  public static Sequences continuing(List<KeyValueCache> caches, int... lengths) {
    if (caches.size() != lengths.length || caches.stream().distinct().count() != lengths.length) {
      throw new IllegalArgumentException(
          "%d sequences need as many caches, each its own; got %d"
              .formatted(lengths.length, caches.size()));
    }
    int[] positions = caches.stream().mapToInt(KeyValueCache::length).toArray();
    return new Sequences(starts(lengths), positions, List.copyOf(caches));
  }

  private static int[] starts(int[] lengths) {
    int[] starts = new int[lengths.length + 1];
    for (int i = 0; i < lengths.length; i++) {
      if (lengths[i] < 1) {
        throw new IllegalArgumentException("sequence " + i + " has no token");
      }
      starts[i + 1] = Math.addExact(starts[i], lengths[i]);
    }
    return starts;
  }

  /** Number of sequences. */
  public int count() {
    return positions.length;
  }

  /** Rows of all sequences. */
  public int rows() {
    return starts[positions.length];
  }

  /** First row of sequence {@code i}; {@code i = count()} gives {@link #rows()}. */
  public int start(int i) {
    return starts[i];
  }

  /** Rows of sequence {@code i}. */
  public int length(int i) {
    return starts[i + 1] - starts[i];
  }

  /** Position of the first row of sequence {@code i}. */
  public int position(int i) {
    return positions[i];
  }

  /** Tokens of sequence {@code i}, cached ones included. */
  public int total(int i) {
    return positions[i] + length(i);
  }

  /**
   * Refuses sequences that are too long with their cached tokens.
   *
   * @param context longest sequence that the model takes
   * @throws IllegalArgumentException if one is longer
   */
  public void requireWithin(int context) {
    for (int i = 0; i < count(); i++) {
      Continuation.checkLength(i, total(i), context);
    }
  }

  /** The cache of sequence {@code i}, or null. */
  public @Nullable KeyValueCache cache(int i) {
    return caches.isEmpty() ? null : caches.get(i);
  }

  /** Whether keys and values of earlier tokens are cached. */
  public boolean isCached() {
    return !caches.isEmpty();
  }

  /**
   * Whether all sequences have the same number of rows and no cache, so that one batched product
   * serves all.
   */
  boolean isUniform() {
    if (isCached()) {
      return false;
    }
    for (int i = 1; i < count(); i++) {
      if (length(i) != length(0)) {
        return false;
      }
    }
    return true;
  }

  /** The position of every row. */
  public int[] rowPositions() {
    return rowPositions.clone();
  }

  /** The last row of every sequence. */
  public int[] lastRows() {
    int[] result = new int[count()];
    for (int i = 0; i < result.length; i++) {
      result[i] = starts[i + 1] - 1;
    }
    return result;
  }
}
