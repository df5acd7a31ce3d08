package nibble.quant.recipe;

import java.util.regex.Pattern;

/**
 * A pattern over the dotted names of sites and layers: {@code *} stands for any text, dots
 * included, {@code ?} for one character, the rest for itself. {@code blocks.0.*} matches everything
 * in the first block, {@code *.fc2} every second linear layer of an MLP.
 */
public record SitePattern(String text) {
  private static final Pattern ALLOWED = Pattern.compile("[\\w.*?-]+");

  public SitePattern {
    if (!ALLOWED.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "site pattern '%s' must hold letters, digits, '_', '-', '.', '*' and '?'; for example 'blocks.0.*'"
              .formatted(text));
    }
  }

  /**
   * Whether it matches a whole name. Takes time proportional to both lengths multiplied, whatever
   * the pattern.
   */
  public boolean matches(String name) {
    boolean[] reached =
        new boolean[name.length() + 1]; // reached[n]: the pattern read so far matches name[0, n)
    reached[0] = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean[] next = new boolean[reached.length];
      next[0] = c == '*' && reached[0];
      for (int n = 1; n < reached.length; n++) {
        next[n] =
            c == '*'
                ? next[n - 1] || reached[n]
                : reached[n - 1] && (c == '?' || c == name.charAt(n - 1));
      }
      reached = next;
    }
    return reached[name.length()];
  }
}
