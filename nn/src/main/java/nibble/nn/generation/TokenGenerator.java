package nibble.nn.generation;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Generates several sequences at once. Sequences may come and go at any time: {@link #add} one,
 * call {@link #step} until it is done.
 *
 * <pre>{@code
 * TokenGenerator generator = new TokenGenerator(model, ops);
 * TokenSequence sequence = generator.add(new TokenRequest(prompt, 100, SamplingOptions.GREEDY, Set.of(eos), id -> true));
 * generator.run();
 * int[] ids = sequence.generated();
 * }</pre>
 *
 * <p>A prompt goes through the model by itself, in parts of at most {@value #PREFILL} tokens, as
 * matrix products; then all sequences advance together by one token a step. A sequence's random
 * numbers are its own. Its logits do not depend on its company but for rounding: where a product of
 * many rows sums in another order than that of one row, a choice between two tokens whose
 * probabilities differ by less than that may differ.
 *
 * <p>Not thread-safe: one thread at a time uses it and its {@link Ops}.
 */
public final class TokenGenerator {
  private static final int PREFILL = 256;

  private final CausalLanguageModel model;
  private final Ops ops;
  private final List<TokenSequence> active = new ArrayList<>();

  /** Neither the model nor {@code ops} is closed by the generator. */
  public TokenGenerator(CausalLanguageModel model, Ops ops) {
    this.model = model;
    this.ops = ops;
  }

  /**
   * Begins a sequence.
   *
   * @throws IllegalArgumentException if the prompt leaves no room for a token
   */
  public TokenSequence add(TokenRequest request) {
    return add(request, model.newCache());
  }

  /**
   * Begins a sequence with what {@code cache} holds of its prompt already; the rest of the cache is
   * forgotten. The sequence owns the cache from now on: pass {@link KeyValueCache#fork} to keep
   * one.
   */
  public TokenSequence add(TokenRequest request, KeyValueCache cache) {
    int[] prompt = request.prompt();
    if (prompt.length >= model.contextLength()) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the model takes %d with those that are generated; shorten it"
              .formatted(prompt.length, model.contextLength()));
    }
    for (int id : prompt) {
      if (id < 0 || id >= model.vocabulary()) {
        throw new IllegalArgumentException(
            "token " + id + " of the prompt is none of the model's " + model.vocabulary());
      }
    }
    cache.rewind(Math.min(cache.commonPrefix(prompt), prompt.length - 1));
    TokenSequence sequence = new TokenSequence(request, cache);
    active.add(sequence);
    return sequence;
  }

  /** Number of sequences that are not done. */
  public int active() {
    active.removeIf(TokenSequence::isDone);
    return active.size();
  }

  /**
   * One step: a part of a prompt where a sequence has one to read, else a token for every sequence.
   *
   * @return whether there is more to do
   */
  public boolean step() {
    if (active() == 0) {
      return false;
    }
    for (TokenSequence sequence : active) {
      if (sequence.pendingCount() > 1) {
        prefill(sequence);
        return active() > 0;
      }
    }
    advance(List.copyOf(active));
    return active() > 0;
  }

  /** Steps until all sequences are done. */
  public void run() {
    while (step()) {}
  }

  private void prefill(TokenSequence sequence) {
    if (sequence.pendingCount() > PREFILL) {
      model.prefill(ops, sequence.cache(), sequence.pending(PREFILL));
    } else {
      advance(List.of(sequence));
    }
  }

  private void advance(List<TokenSequence> sequences) {
    List<KeyValueCache> caches = sequences.stream().map(TokenSequence::cache).toList();
    Tensor logits =
        model.next(ops, caches, sequences.stream().map(s -> s.pending(PREFILL)).toList());
    for (int i = 0; i < sequences.size(); i++) {
      sequences.get(i).choose(logits.row(i).toFloats(), model.contextLength());
    }
  }
}
