package nibble.docs;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import nibble.loaders.chat.ChatOptions;
import nibble.loaders.chat.ChatTemplate;
import nibble.loaders.json.JsonArray;
import nibble.loaders.tokenizer.Encoding;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;

/** The code of {@code docs/tokenizers.md}. */
final class TokenizeOneText {
  private TokenizeOneText() {}

  // region tokenize
  /** Prints the tokens of a text, and where in it each comes from. */
  static void tokenize(Path folder, String text) {
    Tokenizer tokenizer = Tokenizers.load(folder);
    Encoding encoding = tokenizer.encode(text);
    for (int i = 0; i < encoding.length(); i++) {
      System.out.printf(
          "%d %s '%s'%n",
          encoding.id(i),
          encoding.tokens().get(i),
          text.substring(encoding.start(i), encoding.end(i)));
    }
    System.out.println(tokenizer.decode(encoding.ids(), true));
  }

  // endregion

  // region chat
  /** The prompt for one question; empty if the model has no chat template. */
  static Optional<String> prompt(Path folder, String question) {
    JsonArray messages =
        JsonArray.of(
            List.of(
                ChatTemplate.message("system", "Answer briefly."),
                ChatTemplate.message("user", question)));
    ChatOptions options =
        ChatOptions.at(LocalDateTime.now()); // what strftime_now in a template tells
    return ChatTemplate.load(folder).map(template -> template.render(messages, options));
  }
  // endregion
}
