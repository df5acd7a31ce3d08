package nibble.loaders.api;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;

/** Keys and values of texts that have ended, the latest last. For one thread. */
final class PrefixCaches {
  private final CausalLanguageModel model;
  private final int most;
  private final List<KeyValueCache> kept = new ArrayList<>();

  /**
   * @param most caches to keep
   */
  PrefixCaches(CausalLanguageModel model, int most) {
    this.model = model;
    this.most = most;
  }

  /**
   * A cache for {@code prompt}: of the text that has the longest beginning in common with it, or an
   * empty one.
   */
  KeyValueCache take(int[] prompt) {
    KeyValueCache best = null;
    int longest = 0;
    for (KeyValueCache cache : kept) {
      int common = cache.commonPrefix(prompt);
      if (common > longest) {
        longest = common;
        best = cache;
      }
    }
    if (best == null) {
      return model.newCache();
    }
    if (longest < best.length()) {
      return best.fork(); // its rest may serve another prompt
    }
    kept.remove(best);
    return best;
  }

  /** Keeps {@code cache} and lets go of the oldest if there are too many. */
  void give(KeyValueCache cache) {
    kept.add(cache);
    if (kept.size() > most) {
      kept.removeFirst();
    }
  }
}
