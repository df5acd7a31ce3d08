package nibble.loaders.tokenizer.model;

import nibble.loaders.json.JsonObject;

/** What stands for text that no token covers. */
@FunctionalInterface
public interface Unknown {
  /** The id of the unknown token; -1: such text is dropped. */
  int id();

  /** The token {@code id}. */
  static Unknown token(int id) {
    return () -> id;
  }

  /** Nothing: such text is dropped. */
  static Unknown dropped() {
    return () -> -1;
  }

  /**
   * An error that says that {@code key} names no token. Raised when the token is needed: many files
   * never need theirs.
   */
  static Unknown missing(JsonObject json, String key) {
    return () -> {
      throw json.error(
          key,
          "names no token of the vocabulary, but the text has a character that no other token"
              + " covers");
    };
  }
}
