package nibble.loaders.tokenizer;

import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.model.Vocabulary;

/**
 * A token that is looked for in the text before the model sees it.
 *
 * @param id its id
 * @param content how it is written, not empty
 * @param singleWord whether it only counts where no word character stands beside it
 * @param stripLeft whether white space before it belongs to it
 * @param stripRight whether white space behind it belongs to it
 * @param normalized whether it is looked for in normalized text
 * @param special whether decoding may skip it
 */
public record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean stripLeft,
    boolean stripRight,
    boolean normalized,
    boolean special) {
  public AddedToken {
    if (content.isEmpty()
        || content.length() > Vocabulary.LONGEST_TOKEN
        || id < 0
        || id > Vocabulary.LARGEST_ID) {
      throw new IllegalArgumentException(
          "added token '%s' with id %d is empty, too long or out of range".formatted(content, id));
    }
  }

  /** A special token that is looked for as it is written. */
  public static AddedToken special(int id, String content) {
    return new AddedToken(id, content, false, false, false, false, true);
  }

  /**
   * Reads an entry of {@code added_tokens}, or of {@code added_tokens_decoder} with its {@code id}.
   */
  static AddedToken of(JsonObject json, int id) {
    Fields.only(
        json,
        "id",
        "content",
        "single_word",
        "lstrip",
        "rstrip",
        "normalized",
        "special",
        "__type");
    String content = json.string("content");
    if (content.isEmpty() || content.length() > Vocabulary.LONGEST_TOKEN) {
      throw json.error(
          "content",
          "has %d characters, expected 1 to %d"
              .formatted(content.length(), Vocabulary.LONGEST_TOKEN));
    }
    if (id < 0 || id > Vocabulary.LARGEST_ID) {
      throw json.error(
          "has id %d for added token '%s', expected 0 to %d"
              .formatted(id, content, Vocabulary.LARGEST_ID));
    }
    boolean special = json.bool("special", false);
    return new AddedToken(
        id,
        content,
        json.bool("single_word", false),
        json.bool("lstrip", false),
        json.bool("rstrip", false),
        json.bool("normalized", !special),
        special);
  }
}
