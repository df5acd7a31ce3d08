package nibble.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the code of {@code docs/tokenizers.md}. */
class TokenizerExampleTest {
  @Test
  void tokensAreShownWithTheirText() {
    var folder = SharedData.require("tokenizers/bert-uncased-wordpiece");
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      TokenizeOneText.tokenize(folder, "Zoë ate");
    } finally {
      System.setOut(before);
    }
    assertEquals(
        "101 [CLS] ''\n11199 zoe 'Zoë'\n8823 ate 'ate'\n102 [SEP] ''\nzoe ate\n",
        printed.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aQuestionBecomesAPrompt(@TempDir Path folder) throws IOException {
    assertEquals(Optional.empty(), TokenizeOneText.prompt(folder, "Why?"));
    Files.writeString(
        folder.resolve("chat_template.jinja"),
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>");
    assertEquals(
        "<system>Answer briefly.<user>Why?<assistant>",
        TokenizeOneText.prompt(folder, "Why?").orElseThrow());
  }
}
