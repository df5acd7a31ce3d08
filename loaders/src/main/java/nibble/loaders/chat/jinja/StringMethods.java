package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Python's methods of strings, as far as chat templates use them. */
final class StringMethods {
  private StringMethods() {}

  /** The method {@code name} of {@code text}; empty if it is not known. */
  static Optional<Function> find(String text, String name) {
    Function method =
        switch (name) {
          case "strip" -> a -> strip(text, a, true, true);
          case "lstrip" -> a -> strip(text, a, true, false);
          case "rstrip" -> a -> strip(text, a, false, true);
          case "split" -> a -> split(text, a.only(2, "sep", "maxsplit"));
          case "rsplit" -> a -> rsplit(text, a.only(2, "sep", "maxsplit"));
          case "splitlines" -> _ -> List.<Object>copyOf(text.lines().toList());
          case "startswith" -> a -> alternatives(a).stream().anyMatch(text::startsWith);
          case "endswith" -> a -> alternatives(a).stream().anyMatch(text::endsWith);
          case "replace" -> a -> replace(text, a.only(3, "count"));
          case "upper" -> _ -> text.toUpperCase(Locale.ROOT);
          case "lower" -> _ -> text.toLowerCase(Locale.ROOT);
          case "title" -> _ -> title(text);
          case "capitalize" -> _ -> capitalize(text);
          case "join" -> a -> join(text, a);
          case "find" -> a -> find(text, text.indexOf(a.string(0)));
          case "rfind" -> a -> find(text, text.lastIndexOf(a.string(0)));
          case "count" -> a -> count(text, a.string(0));
          case "removeprefix" ->
              a -> text.startsWith(a.string(0)) ? text.substring(a.string(0).length()) : text;
          case "removesuffix" ->
              a ->
                  text.endsWith(a.string(0))
                      ? text.substring(0, text.length() - a.string(0).length())
                      : text;
          case "isdigit" -> _ -> !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
          case "isalpha" -> _ -> !text.isEmpty() && text.codePoints().allMatch(Character::isLetter);
          case "isalnum" ->
              _ -> !text.isEmpty() && text.codePoints().allMatch(Character::isLetterOrDigit);
          case "isspace" ->
              _ -> !text.isEmpty() && text.codePoints().allMatch(StringMethods::isSpace);
          case "isupper" ->
              _ ->
                  text.codePoints().anyMatch(Character::isUpperCase)
                      && text.codePoints().noneMatch(Character::isLowerCase);
          case "islower" ->
              _ ->
                  text.codePoints().anyMatch(Character::isLowerCase)
                      && text.codePoints().noneMatch(Character::isUpperCase);
          default -> null;
        };
    return Optional.ofNullable(method);
  }

  /**
   * What Python's {@code str.isspace} accepts: also U+00A0, U+0085, the separators U+001C to
   * U+001F.
   */
  private static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static String strip(String text, Arguments arguments, boolean left, boolean right) {
    Object chars = arguments.only(1, "chars").get(0, "chars", None.NONE);
    String set = chars instanceof String given ? given : "";
    if (chars != None.NONE && !(chars instanceof String)) {
      throw new JinjaException("strip takes a string, found " + Values.kind(chars));
    }
    int from = 0;
    int to = text.length();
    while (left && from < to && stripped(text.codePointAt(from), chars, set)) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (right && from < to && stripped(text.codePointBefore(to), chars, set)) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static boolean stripped(int c, Object chars, String set) {
    return chars == None.NONE ? isSpace(c) : set.indexOf(c) >= 0;
  }

  private static long limit(Arguments arguments) {
    long limit = arguments.integer(1, "maxsplit", -1);
    return limit < 0 ? Long.MAX_VALUE : limit;
  }

  private static List<Object> split(String text, Arguments arguments) {
    Object separator = arguments.get(0, "sep", None.NONE);
    long limit = limit(arguments);
    if (separator == None.NONE) {
      return words(text, limit);
    }
    String sep = separator(separator);
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(sep);
        at >= 0 && parts.size() < limit;
        at = text.indexOf(sep, from)) {
      parts.add(text.substring(from, at));
      from = at + sep.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static String separator(Object separator) {
    if (separator instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new JinjaException("split needs a separator that is a string and not empty");
  }

  private static List<Object> words(String text, long limit) {
    List<Object> words = new ArrayList<>();
    int at = 0;
    while (true) {
      while (at < text.length() && isSpace(text.charAt(at))) {
        at++;
      }
      if (at == text.length()) {
        return words;
      }
      if (words.size() == limit) {
        words.add(text.substring(at).stripTrailing());
        return words;
      }
      int from = at;
      while (at < text.length() && !isSpace(text.charAt(at))) {
        at++;
      }
      words.add(text.substring(from, at));
    }
  }

  private static List<Object> rsplit(String text, Arguments arguments) {
    String sep = separator(arguments.get(0, "sep", None.NONE));
    long limit = limit(arguments);
    List<Object> parts = new ArrayList<>();
    int to = text.length();
    for (int at = text.lastIndexOf(sep);
        at >= 0 && parts.size() < limit;
        at = to < sep.length() ? -1 : text.lastIndexOf(sep, to - sep.length())) {
      parts.addFirst(text.substring(at + sep.length(), to));
      to = at;
    }
    parts.addFirst(text.substring(0, to));
    return parts;
  }

  private static List<String> alternatives(Arguments arguments) {
    if (arguments.positional().size() == 1
        && arguments.positional().getFirst() instanceof List<?> list) {
      return list.stream().map(Values::text).toList();
    }
    return List.of(arguments.string(0));
  }

  private static String replace(String text, Arguments arguments) {
    long count = arguments.integer(2, "count", -1);
    return replace(
        text, arguments.string(0), arguments.string(1), count < 0 ? Long.MAX_VALUE : count);
  }

  /** {@code text} with the first {@code count} of {@code old} replaced. */
  static String replace(String text, String old, String replacement, long count) {
    if (count == Long.MAX_VALUE) {
      return text.replace(old, replacement);
    }
    if (old.isEmpty()) {
      throw new JinjaException("replace with a count needs a string that is not empty");
    }
    StringBuilder result = new StringBuilder();
    int from = 0;
    long done = 0;
    for (int at = text.indexOf(old);
        at >= 0 && done < count;
        at = text.indexOf(old, from), done++) {
      result.append(text, from, at).append(replacement);
      from = at + old.length();
    }
    return result.append(text, from, text.length()).toString();
  }

  static String title(String text) {
    StringBuilder result = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      result.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return result.toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = Character.charCount(text.codePointAt(0));
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String join(String separator, Arguments arguments) {
    List<Object> parts = Values.elements(arguments.only(1).get(0, "", new Undefined("argument 1")));
    for (Object part : parts) {
      if (!(part instanceof String)) {
        throw new JinjaException("join needs strings, found " + Values.kind(part));
      }
    }
    return String.join(separator, parts.stream().map(Values::text).toList());
  }

  private static long find(String text, int unit) {
    return unit < 0 ? -1 : text.codePointCount(0, unit);
  }

  private static long count(String text, String part) {
    if (part.isEmpty()) {
      return Values.length(text) + 1;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }
}
