package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * One pass of the blocks over new tokens of cached sequences. Where a longer sequence needs other
 * keys than those that are cached (LongRoPE beyond its original context), the whole sequence is
 * computed again.
 */
public final class Continuation {
  private final List<TransformerBlock> blocks;
  private final List<KeyValueCache> caches;
  private final List<int[]> ids;
  private final Sequences sequences;

  private Continuation(
      List<TransformerBlock> blocks,
      List<KeyValueCache> caches,
      List<int[]> ids,
      Sequences sequences) {
    this.blocks = blocks;
    this.caches = caches;
    this.ids = ids;
    this.sequences = sequences;
  }

  /**
   * Appends {@code ids.get(i)} to the sequence of {@code caches.get(i)}.
   *
   * @param context longest sequence that the model takes
   * @throws IllegalArgumentException if a sequence would be longer; nothing has been changed then
   */
  public static Continuation of(
      List<TransformerBlock> blocks, List<KeyValueCache> caches, List<int[]> ids, int context) {
    if (caches.size() != ids.size()) {
      throw new IllegalArgumentException(
          "%d caches for %d sequences".formatted(caches.size(), ids.size()));
    }
    for (int i = 0; i < ids.size(); i++) {
      checkLength(i, caches.get(i).length() + ids.get(i).length, context);
    }
    List<int[]> rows = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      rows.add(uncached(blocks, caches.get(i), ids.get(i)));
    }
    return new Continuation(
        blocks,
        caches,
        rows,
        Sequences.continuing(caches, rows.stream().mapToInt(r -> r.length).toArray()));
  }

  /** Refuses a sequence that is too long. */
  static void checkLength(int sequence, int length, int context) {
    if (length > context) {
      throw new IllegalArgumentException(
          "sequence %d has %d tokens, the model takes %d; shorten the text or generate fewer tokens"
              .formatted(sequence, length, context));
    }
  }

  /** The new tokens, and with them those whose cached keys do not fit the longer sequence. */
  private static int[] uncached(List<TransformerBlock> blocks, KeyValueCache cache, int[] ids) {
    int before = cache.length();
    if (before == 0 || keepsKeys(blocks, before, before + ids.length)) {
      return ids;
    }
    int[] all = Arrays.copyOf(cache.tokens(), before + ids.length);
    System.arraycopy(ids, 0, all, before, ids.length);
    cache.rewind(0);
    return all;
  }

  private static boolean keepsKeys(List<TransformerBlock> blocks, int before, int after) {
    for (TransformerBlock block : blocks) {
      RotaryEmbedding rotary = block.attention().parts().rotary();
      if (rotary != null && !rotary.keepsKeys(before, after)) {
        return false;
      }
    }
    return true;
  }

  /** The tokens to compute, one sequence after the other. */
  public int[] flatIds() {
    return ids.stream().flatMapToInt(Arrays::stream).toArray();
  }

  /** Where they stand. */
  public Sequences sequences() {
    return sequences;
  }

  /** The row of the last token of every sequence. */
  public int[] lastRows() {
    return sequences.lastRows();
  }

  /**
   * Runs all blocks over {@code x [1, rows, hidden]}; the caches hold the new tokens afterwards.
   * Without gradients.
   */
  public Tensor run(Ops ops, Tensor x) {
    for (int i = 0; i < caches.size(); i++) {
      caches.get(i).reserve(ids.get(i).length);
    }
    Tensor stream = x;
    for (TransformerBlock block : blocks) {
      try (Scope scope = ops.scope()) {
        stream = scope.keep(block.forward(ops, stream, sequences));
      }
    }
    for (int i = 0; i < caches.size(); i++) {
      caches.get(i).commit(ids.get(i));
    }
    return stream;
  }
}
