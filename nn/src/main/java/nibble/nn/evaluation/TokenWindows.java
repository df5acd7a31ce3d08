package nibble.nn.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import nibble.nn.TokenIds;
import nibble.tensor.Tensor;

/**
 * How a long text is cut into the sequences that a model reads. Windows begin every {@code stride}
 * tokens; each token is scored in the first window that holds it, so that with a stride shorter
 * than the window all but the first tokens have at least {@code window - stride} tokens before
 * them.
 *
 * @param window tokens of a sequence, the one in front included; at least 2
 * @param stride tokens of the text from one window to the next; less than {@code window}
 * @param first a token in front of every window, such as the beginning of a text; without one the
 *     first token of the text is not scored
 */
public record TokenWindows(int window, int stride, OptionalInt first) {
  public TokenWindows {
    if (window < 2) {
      throw new IllegalArgumentException("a window needs at least 2 tokens, was " + window);
    }
    if (stride < 1 || stride >= window) {
      throw new IllegalArgumentException(
          "the stride must be 1 to one less than the window of %d tokens, was %d"
              .formatted(window, stride));
    }
  }

  /** Windows that do not overlap, with the token {@code first} in front of each. */
  public static TokenWindows separate(int window, int first) {
    return new TokenWindows(window, window - 1, OptionalInt.of(first));
  }

  /**
   * One sequence.
   *
   * @param ids what the model reads
   * @param scoredFrom index in {@code ids} of the first token that is scored, at least 1; all after
   *     it are scored too
   */
  public record Window(int[] ids, int scoredFrom) {}

  /** The windows of {@code text}. */
  public List<Window> of(int[] text) {
    List<Window> windows = new ArrayList<>();
    int front = first.isPresent() ? 1 : 0;
    int scored = first.isPresent() ? 0 : 1; // tokens of the text that need no score any more
    for (int begin = 0; scored < text.length; begin += stride) {
      int end = Math.min(text.length, begin + window - front);
      int[] ids = new int[front + end - begin];
      first.ifPresent(id -> ids[0] = id);
      System.arraycopy(text, begin, ids, front, end - begin);
      windows.add(new Window(ids, front + scored - begin));
      scored = end;
    }
    return windows;
  }

  /**
   * Sequences of {@code window} tokens at random places of {@code text}, as inputs for calibration,
   * one tensor I32 {@code [1, window]} each.
   *
   * @throws IllegalArgumentException if the text is shorter than a window
   */
  public static List<Tensor> random(int[] text, int window, int count, RandomGenerator random) {
    if (text.length < window) {
      throw new IllegalArgumentException(
          "the calibration text has %d tokens, a window %d; pass more text or a shorter window"
              .formatted(text.length, window));
    }
    List<Tensor> windows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int from = random.nextInt(text.length - window + 1);
      windows.add(TokenIds.tensor(Arrays.copyOfRange(text, from, from + window)));
    }
    return windows;
  }
}
