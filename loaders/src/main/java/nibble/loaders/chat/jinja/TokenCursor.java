package nibble.loaders.chat.jinja;

import java.util.List;
import java.util.Set;

/** Tokens, read from first to last. */
final class TokenCursor {
  /** Names that are no variables. */
  private static final Set<String> KEYWORDS =
      Set.of("and", "or", "not", "in", "is", "if", "else", "elif", "for");

  private final List<Token> tokens;
  private int at;

  TokenCursor(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peekNext() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  /** Passes over the next token if it is this one. */
  boolean accept(Token.Kind kind, String text) {
    if (!peek().is(kind, text)) {
      return false;
    }
    next();
    return true;
  }

  void expect(Token.Kind kind, String text) {
    if (!accept(kind, text)) {
      throw unexpected("'" + text + "'");
    }
  }

  /** The next token, which must be a name that is no keyword. */
  String name() {
    if (peek().kind() != Token.Kind.NAME || KEYWORDS.contains(peek().text())) {
      throw unexpected("a name");
    }
    return next().text();
  }

  JinjaException unexpected(String expected) {
    return JinjaException.at(
        peek().line(), "found " + peek().description() + ", expected " + expected);
  }
}
