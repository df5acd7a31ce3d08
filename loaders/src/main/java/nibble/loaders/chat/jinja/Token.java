package nibble.loaders.chat.jinja;

/**
 * A token of a template.
 *
 * @param kind what it is
 * @param text its characters; of a string what it stands for
 * @param line where it begins, from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    BLOCK_BEGIN,
    BLOCK_END,
    VARIABLE_BEGIN,
    VARIABLE_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind expected, String content) {
    return kind == expected && text.equals(content);
  }

  String description() {
    return switch (kind) {
      case END -> "the end of the template";
      case BLOCK_END -> "%}";
      case VARIABLE_END -> "}}";
      case STRING -> "the string '" + text + "'";
      default -> "'" + text + "'";
    };
  }
}
