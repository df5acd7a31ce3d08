package nibble.loaders.tokenizer.split;

import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Spans;

/** What becomes of the matches that a text is split at. */
public enum Behaviour {
  /** Matches are dropped. */
  REMOVED,
  /** Every match is a part. */
  ISOLATED,
  /** Neighbouring matches are one part. */
  CONTIGUOUS,
  /** A match ends the part before it. */
  MERGED_WITH_PREVIOUS,
  /** A match begins the part behind it. */
  MERGED_WITH_NEXT;

  static Behaviour of(JsonObject json, String key) {
    String name = json.string(key);
    return switch (name) {
      case "Removed" -> REMOVED;
      case "Isolated" -> ISOLATED;
      case "Contiguous" -> CONTIGUOUS;
      case "MergedWithPrevious" -> MERGED_WITH_PREVIOUS;
      case "MergedWithNext" -> MERGED_WITH_NEXT;
      default ->
          throw json.error(
              key,
              "is '"
                  + name
                  + "', expected Removed, Isolated, Contiguous, MergedWithPrevious or"
                  + " MergedWithNext");
    };
  }

  /** Adds the parts of {@code text} that {@code spans}, which cover it, lead to. */
  public void apply(AlignedText text, Spans spans, List<AlignedText> out) {
    int from = 0;
    for (int i = 0; i < spans.size(); i++) {
      if (this == REMOVED && spans.isMarked(i)) {
        from = spans.to(i);
      } else if (i + 1 == spans.size() || endsPart(spans, i)) {
        if (from < spans.to(i)) {
          out.add(text.slice(from, spans.to(i)));
        }
        from = spans.to(i);
      }
    }
  }

  /** Whether spans {@code i} and {@code i + 1} belong to different parts. */
  private boolean endsPart(Spans spans, int i) {
    boolean match = spans.isMarked(i);
    boolean next = spans.isMarked(i + 1);
    return switch (this) {
      case REMOVED, ISOLATED -> true;
      case CONTIGUOUS -> match != next;
      case MERGED_WITH_PREVIOUS -> !(next && !match);
      case MERGED_WITH_NEXT -> !(match && !next);
    };
  }
}
