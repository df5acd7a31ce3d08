package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} as transformers
 * sets them: the line feed behind a block goes, and so does white space before a block at the
 * beginning of a line. {@code -} at a delimiter removes all white space beside it, {@code +} keeps
 * it.
 */
final class Lexer {
  private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*raw\\s*(-?)%\\}");
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{M}\\p{Nd}_]*");
  private static final Pattern NUMBER =
      Pattern.compile("(\\d+(?:_\\d+)*)(\\.\\d+)?([eE][+-]?\\d+)?");
  private static final List<String> OPERATORS =
      List.of(
          "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final String in;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  /** Whether what was cut last ended with a line feed, or nothing was cut yet. */
  private boolean lineStarts = true;

  private Lexer(String source) {
    String unix = source.replace("\r\n", "\n").replace('\r', '\n');
    in = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
  }

  static List<Token> tokens(String source) {
    Lexer lexer = new Lexer(source);
    while (lexer.at < lexer.in.length()) {
      lexer.root();
    }
    lexer.add(Token.Kind.END, "");
    return lexer.tokens;
  }

  private void add(Token.Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  /** Text up to the next delimiter, and what the delimiter opens. */
  private void root() {
    int open = nextDelimiter();
    if (open < 0) {
      data(in.substring(at));
      advance(in.length());
      return;
    }
    char kind = in.charAt(open + 1);
    char sign = open + 2 < in.length() ? in.charAt(open + 2) : ' ';
    data(beforeDelimiter(in.substring(at, open), kind, sign));
    advance(open);
    Matcher raw = RAW.matcher(in).region(at, in.length());
    if (kind == '%' && raw.lookingAt()) {
      raw(raw);
      return;
    }
    int signLength = sign == '-' || sign == '+' ? 1 : 0;
    if (kind == '#') {
      comment(open + 2 + signLength);
    } else {
      advance(open + 2 + signLength);
      expression(kind == '%');
    }
  }

  private int nextDelimiter() {
    for (int i = in.indexOf('{', at); i >= 0 && i + 1 < in.length(); i = in.indexOf('{', i + 1)) {
      if ("{%#".indexOf(in.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String beforeDelimiter(String text, char kind, char sign) {
    if (sign == '-') {
      return text.stripTrailing();
    }
    int lineStart = text.lastIndexOf('\n') + 1;
    boolean atLineStart = lineStart > 0 || lineStarts;
    boolean onlyBlanks = text.substring(lineStart).chars().allMatch(c -> c == ' ' || c == '\t');
    return kind != '{' && sign != '+' && atLineStart && onlyBlanks
        ? text.substring(0, lineStart)
        : text;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Token.Kind.DATA, text);
    }
  }

  private void advance(int to) {
    for (int i = at; i < to; i++) {
      line += in.charAt(i) == '\n' ? 1 : 0;
    }
    lineStarts = to > at ? in.charAt(to - 1) == '\n' : lineStarts;
    at = to;
  }

  /**
   * Passes over white space behind a closing delimiter: all of it behind {@code -}, else a line
   * feed behind a block.
   */
  private void behindDelimiter(char sign, boolean block) {
    int to = at;
    if (sign == '-') {
      while (to < in.length() && Character.isWhitespace(in.charAt(to))) {
        to++;
      }
    } else if (block && sign != '+' && to < in.length() && in.charAt(to) == '\n') {
      to++;
    }
    advance(to);
  }

  private void comment(int from) {
    int end = in.indexOf("#}", from);
    if (end < 0) {
      throw JinjaException.at(line, "a comment without an end");
    }
    char sign = end > from ? in.charAt(end - 1) : ' ';
    advance(end + 2);
    behindDelimiter(sign, true);
  }

  private void raw(Matcher begin) {
    advance(begin.end());
    behindDelimiter(begin.group(2).isEmpty() ? ' ' : '-', true);
    Matcher end = END_RAW.matcher(in).region(at, in.length());
    if (!end.find()) {
      throw JinjaException.at(line, "a raw block without an end");
    }
    data(
        beforeDelimiter(
            in.substring(at, end.start()),
            '%',
            end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0)));
    advance(end.end());
    behindDelimiter(end.group(2).isEmpty() ? ' ' : end.group(2).charAt(0), true);
  }

  private void expression(boolean block) {
    add(block ? Token.Kind.BLOCK_BEGIN : Token.Kind.VARIABLE_BEGIN, block ? "{%" : "{{");
    String close = block ? "%}" : "}}";
    for (int depth = 0; ; ) {
      skipBlanks();
      if (at == in.length()) {
        throw JinjaException.at(line, "'" + (block ? "{%" : "{{") + "' without '" + close + "'");
      }
      boolean signed = in.charAt(at) == '-' || in.charAt(at) == '+';
      if (depth == 0 && in.startsWith(close, at + (signed ? 1 : 0))) {
        char sign = signed ? in.charAt(at) : ' ';
        add(block ? Token.Kind.BLOCK_END : Token.Kind.VARIABLE_END, close);
        advance(at + close.length() + (signed ? 1 : 0));
        behindDelimiter(sign, block);
        return;
      }
      char c = in.charAt(at);
      depth += c == '{' || c == '(' || c == '[' ? 1 : c == '}' || c == ')' || c == ']' ? -1 : 0;
      expressionToken(c);
    }
  }

  private void skipBlanks() {
    int to = at;
    while (to < in.length() && Character.isWhitespace(in.charAt(to))) {
      to++;
    }
    advance(to);
  }

  private void expressionToken(char c) {
    if (c == '"' || c == '\'') {
      string(c);
      return;
    }
    Matcher name = NAME.matcher(in).region(at, in.length());
    if (name.lookingAt()) {
      add(Token.Kind.NAME, name.group());
      advance(name.end());
      return;
    }
    Matcher number = NUMBER.matcher(in).region(at, in.length());
    if (number.lookingAt()) {
      add(
          number.group(2) == null && number.group(3) == null
              ? Token.Kind.INTEGER
              : Token.Kind.FLOAT,
          number.group().replace("_", ""));
      advance(number.end());
      return;
    }
    for (String operator : OPERATORS) {
      if (in.startsWith(operator, at)) {
        add(Token.Kind.OPERATOR, operator);
        advance(at + operator.length());
        return;
      }
    }
    throw JinjaException.at(line, "the character '" + c + "' does not belong into an expression");
  }

  private void string(char quote) {
    StringBuilder text = new StringBuilder();
    int i = at + 1;
    while (i < in.length() && in.charAt(i) != quote) {
      if (in.charAt(i) == '\\' && i + 1 < in.length()) {
        i = escape(i + 1, text);
      } else {
        text.append(in.charAt(i++));
      }
    }
    if (i == in.length()) {
      throw JinjaException.at(line, "a string without an end");
    }
    add(Token.Kind.STRING, text.toString());
    advance(i + 1);
  }

  /**
   * Appends what the escape at {@code i} stands for, by Python's rules; returns where the string
   * goes on.
   */
  private int escape(int i, StringBuilder text) {
    char c = in.charAt(i);
    int digits =
        switch (c) {
          case 'x' -> 2;
          case 'u' -> 4;
          case 'U' -> 8;
          default -> 0;
        };
    if (digits > 0) {
      try {
        text.appendCodePoint(Integer.parseInt(in, i + 1, i + 1 + digits, 16));
      } catch (IllegalArgumentException | IndexOutOfBoundsException _) {
        throw JinjaException.at(
            line,
            "the escape \\"
                + c
                + " is not followed by "
                + digits
                + " hexadecimal digits of a character");
      }
      return i + 1 + digits;
    }
    switch (c) {
      case 'n' -> text.append('\n');
      case 't' -> text.append('\t');
      case 'r' -> text.append('\r');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case 'v' -> text.append('\u000B');
      case 'a' -> text.append('\u0007');
      case '0' -> text.append('\0');
      case '\\', '\'', '"' -> text.append(c);
      case '\n' -> {}
      default -> text.append('\\').append(c);
    }
    return i + 1;
  }
}
