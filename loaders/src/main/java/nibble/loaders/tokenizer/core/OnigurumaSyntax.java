package nibble.loaders.tokenizer.core;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Rewrites a regular expression in Oniguruma's Ruby syntax for {@link Pattern}: {@code \w}, {@code
 * \h}, {@code \v} and POSIX brackets mean other sets there, {@code (?m)} lets the dot match line
 * ends, {@code ^} and {@code $} always match at lines, and only {@code \n} ends one. Constructs
 * without a counterpart are refused.
 */
final class OnigurumaSyntax {
  private static final int FLAGS =
      Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;
  private static final String WORD = "\\p{L}\\p{M}\\p{Nd}\\p{Pc}";
  private static final Pattern REPEAT = Pattern.compile("\\{(\\d{1,5})?(,)?(\\d{1,5})?\\}");
  private static final Pattern CATEGORY =
      Pattern.compile("(?:L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfnos]?)");
  private static final Pattern GROUP = Pattern.compile("\\(\\?(?::|=|!|<=|<!|>|[im]*(?:-[im]+)?:)");
  private static final Map<String, String> LONG_NAMES =
      Map.ofEntries(
          Map.entry("letter", "L"),
          Map.entry("uppercaseletter", "Lu"),
          Map.entry("lowercaseletter", "Ll"),
          Map.entry("mark", "M"),
          Map.entry("nonspacingmark", "Mn"),
          Map.entry("number", "N"),
          Map.entry("decimalnumber", "Nd"),
          Map.entry("punctuation", "P"),
          Map.entry("symbol", "S"),
          Map.entry("separator", "Z"),
          Map.entry("spaceseparator", "Zs"),
          Map.entry("other", "C"),
          Map.entry("control", "Cc"),
          Map.entry("alphabetic", "IsAlphabetic"),
          Map.entry("whitespace", "IsWhite_Space"),
          Map.entry("emoji", "IsEmoji"),
          Map.entry("ideographic", "IsIdeographic"));
  private static final Map<String, String> POSIX =
      Map.of(
          "alpha",
          "\\p{L}\\p{M}",
          "alnum",
          "\\p{L}\\p{M}\\p{Nd}",
          "digit",
          "\\p{Nd}",
          "upper",
          "\\p{Lu}",
          "lower",
          "\\p{Ll}",
          "space",
          "\\s",
          "punct",
          "\\p{P}$+<=>\\^`|~",
          "word",
          WORD,
          "xdigit",
          "0-9a-fA-F",
          "blank",
          "\\p{Zs}\\t");

  private final String in;
  private final StringBuilder out = new StringBuilder();
  private int at;

  private OnigurumaSyntax(String expression) {
    in = expression;
  }

  /** The compiled pattern. Throws {@link PatternSyntaxException} for what is not supported. */
  static Pattern compile(String expression) {
    OnigurumaSyntax syntax = new OnigurumaSyntax(expression);
    syntax.translate();
    return Pattern.compile(syntax.out.toString(), FLAGS);
  }

  private void translate() {
    while (at < in.length()) {
      char c = in.charAt(at);
      switch (c) {
        case '\\' -> escape(false);
        case '[' -> characterClass(false);
        case '(' -> group();
        case '{' -> repeat();
        case ']', '}' -> literal(c);
        default -> {
          out.append(c);
          at++;
        }
      }
    }
  }

  private void literal(char c) {
    out.append('\\').append(c);
    at++;
  }

  private void group() {
    if (!in.startsWith("(?", at)) {
      out.append(in.charAt(at++));
      return;
    }
    if (in.startsWith("(?i)", at) && at == 0) {
      out.append("(?i)");
      at += 4;
      return;
    }
    Matcher matcher = GROUP.matcher(in).region(at, in.length());
    if (!matcher.lookingAt()) {
      throw unsupported("a group of this kind");
    }
    out.append(matcher.group().replace('m', 's'));
    at = matcher.end();
  }

  private void repeat() {
    Matcher matcher = REPEAT.matcher(in).region(at, in.length());
    if (!matcher.lookingAt() || matcher.group(1) == null && matcher.group(3) == null) {
      literal('{');
      return;
    }
    boolean range = matcher.group(2) != null;
    char next = matcher.end() < in.length() ? in.charAt(matcher.end()) : ' ';
    if (next == '+' || next == '?' && !range) {
      throw unsupported("a repetition of a repetition");
    }
    out.append('{').append(matcher.group(1) == null ? "0" : matcher.group(1));
    if (range) {
      out.append(',').append(matcher.group(3) == null ? "" : matcher.group(3));
    }
    out.append('}');
    at = matcher.end();
  }

  private void characterClass(boolean insideNegation) {
    boolean negated = in.startsWith("[^", at);
    if (insideNegation) {
      throw unsupported("a class inside a negated class");
    }
    out.append(negated ? "[^" : "[");
    at += negated ? 2 : 1;
    boolean first = true;
    for (; at < in.length(); first = false) {
      char c = in.charAt(at);
      if (c == ']' && !first) {
        out.append(']');
        at++;
        return;
      }
      if (c == '\\') {
        escape(true);
      } else if (in.startsWith("[:", at)) {
        posix(negated);
      } else if (c == '[') {
        characterClass(negated);
      } else if (c == ']' || c == '^' || c == '#' || c == ' ') {
        literal(c);
      } else {
        out.append(c);
        at++;
      }
    }
    throw unsupported("a class without an end");
  }

  private void posix(boolean insideNegation) {
    int end = in.indexOf(":]", at);
    String name = end < 0 ? "" : in.substring(at + 2, end);
    boolean negated = name.startsWith("^");
    String members = POSIX.get(negated ? name.substring(1) : name);
    if (members == null || negated && insideNegation) {
      throw unsupported("a POSIX bracket of this kind");
    }
    out.append(negated ? "[^" + members + "]" : members);
    at = end + 2;
  }

  private void escape(boolean inClass) {
    if (at + 1 == in.length()) {
      throw unsupported("a backslash at the end");
    }
    char c = in.charAt(at + 1);
    switch (c) {
      case 'd', 'D', 's', 'S', 't', 'n', 'r', 'f', 'a', 'e' -> take("\\" + c, 2);
      case 'w' -> take(inClass ? WORD : "[" + WORD + "]", 2);
      case 'W' -> take("[^" + WORD + "]", 2);
      case 'h' -> take(inClass ? "0-9a-fA-F" : "[0-9a-fA-F]", 2);
      case 'v' -> take("\\x0B", 2);
      case 'b' -> take(inClass ? "\\x08" : "\\b", 2);
      case 'B', 'A', 'z', 'Z' -> anchor(c, inClass);
      case 'p', 'P' -> property();
      case 'x', 'u' -> codePoint();
      default -> {
        if (Character.isLetterOrDigit(c)) {
          throw unsupported("the escape \\" + c);
        }
        take("\\" + c, 2);
      }
    }
  }

  private void anchor(char c, boolean inClass) {
    if (inClass) {
      throw unsupported("an anchor in a class");
    }
    take("\\" + c, 2);
  }

  private void codePoint() {
    Matcher matcher =
        Pattern.compile("\\\\(?:x\\{[0-9a-fA-F]{1,6}\\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})")
            .matcher(in)
            .region(at, in.length());
    if (!matcher.lookingAt()) {
      throw unsupported("a code point of this form");
    }
    take(matcher.group(), matcher.group().length());
  }

  private void property() {
    int end = in.indexOf('}', at);
    if (end < 0 || !in.startsWith("{", at + 2)) {
      throw unsupported("a property without braces");
    }
    String name = in.substring(at + 3, end);
    boolean negated = in.charAt(at + 1) == 'P' ^ name.startsWith("^");
    take(
        (negated ? "\\P{" : "\\p{")
            + propertyName(name.startsWith("^") ? name.substring(1) : name)
            + "}",
        end + 1 - at);
  }

  private String propertyName(String name) {
    if (CATEGORY.matcher(name).matches()) {
      return name;
    }
    String known = LONG_NAMES.get(name.toLowerCase(Locale.ROOT).replaceAll("[ _-]", ""));
    if (known != null) {
      return known;
    }
    try {
      return "Is" + Character.UnicodeScript.forName(name);
    } catch (IllegalArgumentException _) {
      throw unsupported("the property " + name);
    }
  }

  private void take(String translated, int consumed) {
    out.append(translated);
    at += consumed;
  }

  private PatternSyntaxException unsupported(String what) {
    return new PatternSyntaxException(what, in, at);
  }
}
