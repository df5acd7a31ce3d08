package nibble.loaders.tokenizer;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.tokenizer.core.TokenList;

/** Shortens tokens of one or two texts, before special tokens are added. */
final class Cut {
  private Cut() {}

  /** Room for tokens of the texts when {@code added} special tokens are added. */
  static int room(Truncation truncation, int added) {
    if (truncation.maxLength() < added) {
      throw new IllegalArgumentException(
          "at most %d tokens leave no room for the %d special tokens"
              .formatted(truncation.maxLength(), added));
    }
    return truncation.maxLength() - added;
  }

  /** {@code texts} with at most {@code room} tokens in all. */
  static List<TokenList> to(int room, Truncation truncation, List<TokenList> texts) {
    int first = texts.getFirst().size();
    int second = texts.size() == 2 ? texts.get(1).size() : 0;
    if (truncation.strategy() == Truncation.Strategy.ONLY_SECOND && texts.size() == 1) {
      throw new IllegalArgumentException(
          "truncation of the second text was asked for, but there is only one");
    }
    if ((long) first + second <= room) {
      return texts;
    }
    int[] kept =
        switch (truncation.strategy()) {
          case LONGEST_FIRST ->
              texts.size() == 1 ? new int[] {room, 0} : longestFirst(first, second, room);
          case ONLY_FIRST -> new int[] {only(room - second, first, "first"), second};
          case ONLY_SECOND -> new int[] {first, only(room - first, second, "second")};
        };
    List<TokenList> cut = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      TokenList tokens = texts.get(i);
      int from = truncation.side() == Side.LEFT ? tokens.size() - kept[i] : 0;
      cut.add(tokens.slice(from, from + kept[i]));
    }
    return cut;
  }

  private static int only(int kept, int had, String which) {
    if (kept < 1) {
      throw new IllegalArgumentException(
          "the %s text has %d tokens, too few to fit by shortening it alone".formatted(which, had));
    }
    return kept;
  }

  /**
   * The shorter text keeps all if half the room suffices; of two that are too long, each keeps
   * half, the longer one the odd token.
   */
  private static int[] longestFirst(int first, int second, int room) {
    int shorter = Math.min(first, second);
    int longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
    if (shorter + longer > room) {
      shorter = room / 2;
      longer = shorter + room % 2;
    }
    return first > second ? new int[] {longer, shorter} : new int[] {shorter, longer};
  }
}
