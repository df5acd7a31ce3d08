package nibble.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

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
    assertEquals("101 [CLS] ''\n11199 zoe 'Zoë'\n8823 ate 'ate'\n102 [SEP] ''\nzoe ate\n", printed.toString(StandardCharsets.UTF_8));
  }
}
