package nibble.nn.generation;

import java.util.Arrays;
import nibble.nn.transformer.KeyValueCache;
import org.jspecify.annotations.Nullable;

/** A sequence that is being generated. Belongs to one {@link TokenGenerator}; not thread-safe. */
public final class TokenSequence {
  private final TokenRequest request;
  private final KeyValueCache cache;
  private final Sampler sampler;
  private int[] ids;
  private int length;
  private @Nullable StopReason reason;

  TokenSequence(TokenRequest request, KeyValueCache cache) {
    this.request = request;
    this.cache = cache;
    sampler = new Sampler(request.sampling());
    ids = request.prompt().clone();
    length = ids.length;
  }

  /** What was asked for. */
  public TokenRequest request() {
    return request;
  }

  /** The tokens that were generated so far. */
  public int[] generated() {
    return Arrays.copyOfRange(ids, request.prompt().length, length);
  }

  /** Whether it has ended. */
  public boolean isDone() {
    return reason != null;
  }

  /** Why it has ended, or null. */
  public @Nullable StopReason reason() {
    return reason;
  }

  /**
   * Keys and values of the tokens that went through the model: to begin another sequence with, once
   * this one is done.
   */
  public KeyValueCache cache() {
    return cache;
  }

  /** Ends the sequence before its next token. */
  public void cancel() {
    end(StopReason.CANCELLED);
  }

  void end(StopReason why) {
    if (reason == null) {
      reason = why;
    }
  }

  /**
   * The tokens that have to go through the model before the next one can be chosen, at most {@code
   * limit}.
   */
  int[] pending(int limit) {
    int from = cache.length();
    return Arrays.copyOfRange(ids, from, (int) Math.min(length, (long) from + limit));
  }

  int pendingCount() {
    return length - cache.length();
  }

  /** Chooses the next token from {@code logits}, which are overwritten. */
  void choose(float[] logits, int contextLength) {
    int id = sampler.next(logits, ids, length);
    if (request.stopTokens().contains(id)) {
      end(StopReason.STOP_TOKEN);
      return;
    }
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, length + Math.max(32, length / 2));
    }
    ids[length++] = id;
    boolean more = request.onToken().test(id);
    if (!more) {
      end(StopReason.CANCELLED);
    } else if (length - request.prompt().length >= request.maxTokens()) {
      end(StopReason.MAX_TOKENS);
    } else if (length >= contextLength) {
      end(StopReason.CONTEXT);
    }
  }
}
