package nibble.nn.generation;

import java.util.List;

/**
 * Watches text that comes in pieces for texts that end it. A piece is handed on only as far as it
 * cannot be the beginning of a stop text. Not thread-safe.
 */
public final class StopTexts {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /** The texts that end the text; none of them is empty. */
  public StopTexts(List<String> stops) {
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("a stop text must not be empty");
    }
    this.stops = List.copyOf(stops);
  }

  /**
   * Takes {@code piece} and returns what may be handed on: the text before a stop text, or all that
   * begins none.
   */
  public String add(String piece) {
    if (stopped) {
      return "";
    }
    held.append(piece);
    int first = firstStop();
    if (first >= 0) {
      stopped = true;
      return release(first);
    }
    return release(held.length() - longestBeginning());
  }

  /** What is still held: to be handed on when the text is over and no stop text came. */
  public String rest() {
    return stopped ? "" : release(held.length());
  }

  /** Whether a stop text came. */
  public boolean isStopped() {
    return stopped;
  }

  private String release(int count) {
    String text = held.substring(0, count);
    held.delete(0, count);
    return text;
  }

  /**
   * Where the stop text begins that is complete first, of several the longest; -1 if none is. So it
   * does not matter how the text is cut into pieces.
   */
  private int firstStop() {
    int first = -1;
    int end = Integer.MAX_VALUE;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      int to = at + stop.length();
      if (at >= 0 && (to < end || to == end && at < first)) {
        first = at;
        end = to;
      }
    }
    return first;
  }

  /** Length of the longest end of the held text with which a stop text begins. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (stop.startsWith(held.substring(held.length() - length))) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
