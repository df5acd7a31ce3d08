package nibble.loaders.chat;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import nibble.loaders.chat.jinja.JinjaException;

/** Python's {@code strftime} in English, as far as templates use it. */
final class Strftime {
  private Strftime() {}

  static String format(LocalDateTime time, String format) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length();
      i += bare ? 2 : 1;
      out.append(field(time, format.charAt(i), bare));
    }
    return out.toString();
  }

  private static String field(LocalDateTime time, char field, boolean bare) {
    if (field == '%') {
      return "%";
    }
    String pattern =
        switch (field) {
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'm' -> bare ? "M" : "MM";
          case 'd' -> bare ? "d" : "dd";
          case 'H' -> bare ? "H" : "HH";
          case 'I' -> bare ? "h" : "hh";
          case 'M' -> bare ? "m" : "mm";
          case 'S' -> bare ? "s" : "ss";
          case 'j' -> bare ? "D" : "DDD";
          case 'b', 'h' -> "MMM";
          case 'B' -> "MMMM";
          case 'a' -> "EEE";
          case 'A' -> "EEEE";
          case 'p' -> "a";
          case 'F' -> "yyyy-MM-dd";
          case 'T' -> "HH:mm:ss";
          default -> throw new JinjaException("strftime_now does not support '%" + field + "'");
        };
    return DateTimeFormatter.ofPattern(pattern, Locale.US).format(time);
  }
}
