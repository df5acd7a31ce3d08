package nibble.quant.method;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Names that a mistyped name may have meant. */
public final class NearMatches {
  private static final int SHOWN = 3;

  private NearMatches() {}

  /**
   * The end of an error message: {@code "; did you mean a or b?"}, else {@code "; known: ..."},
   * else that there is none.
   */
  public static String hint(String word, Collection<String> known) {
    if (known.isEmpty()) {
      return "; it has none";
    }
    List<String> near = of(word, known);
    return near.isEmpty()
        ? "; known: " + String.join(", ", known)
        : "; did you mean " + String.join(" or ", near) + "?";
  }

  /**
   * Up to three known names near {@code word}, nearest first: at most a third of the letters
   * differ, or one contains the other.
   */
  public static List<String> of(String word, Collection<String> known) {
    String typed = word.toLowerCase(Locale.ROOT);
    return known.stream()
        .filter(name -> isNear(typed, name.toLowerCase(Locale.ROOT)))
        .sorted(
            Comparator.comparingInt((String name) -> distance(typed, name.toLowerCase(Locale.ROOT)))
                .thenComparing(name -> name))
        .limit(SHOWN)
        .toList();
  }

  private static boolean isNear(String typed, String name) {
    boolean contained = typed.length() > 2 && (name.contains(typed) || typed.contains(name));
    return contained
        || distance(typed, name) <= Math.max(1, Math.max(typed.length(), name.length()) / 3);
  }

  /** Letters to insert, delete, replace, or exchange with their neighbour. */
  private static int distance(String a, String b) {
    int[] beforePrevious = new int[b.length() + 1];
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          current[j] = Math.min(current[j], 1 + beforePrevious[j - 2]);
        }
      }
      beforePrevious = previous;
      previous = current;
    }
    return previous[b.length()];
  }
}
