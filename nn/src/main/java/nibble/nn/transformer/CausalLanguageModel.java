package nibble.nn.transformer;

import java.util.List;
import nibble.nn.Model;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A model that predicts the next token. {@link Model#forward} takes token ids I32 {@code [batch,
 * tokens]} and gives logits {@code [batch, tokens, vocabulary]}, with gradients where they are
 * recorded; {@link #next} continues sequences with cached keys and values.
 */
public interface CausalLanguageModel extends Model {
  /** Number of tokens that the model knows; ids are smaller. */
  int vocabulary();

  /** Longest sequence, in tokens. */
  int contextLength();

  @Override
  List<TransformerBlock> blocks();

  /** An empty cache for one sequence of this model. */
  KeyValueCache newCache();

  /**
   * Appends {@code ids.get(i)} to the sequence of {@code caches.get(i)} and predicts what follows:
   * logits {@code [sequences, vocabulary]}. Sequences may have different lengths; nothing is
   * padded. Records no gradients.
   *
   * @param caches one for each sequence, no one twice; they hold the new tokens afterwards
   * @param ids new tokens, at least one for each sequence
   * @throws IllegalArgumentException if a sequence becomes longer than {@link #contextLength()}, or
   *     an id is none; the caches are as before
   */
  Tensor next(Ops ops, List<KeyValueCache> caches, List<int[]> ids);

  /**
   * Appends {@code ids} to the sequence of {@code cache} without predicting: for all but the last
   * part of a long prompt.
   */
  void prefill(Ops ops, KeyValueCache cache, int[] ids);
}
