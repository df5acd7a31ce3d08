package nibble.loaders.tokenizer.decode;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import nibble.loaders.tokenizer.core.ByteAlphabet;

/** Decoders of vocabularies whose tokens can be parts of characters. */
final class ByteDecoders {
  private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-Fa-f]{2}>");
  private static final String REPLACEMENT = "\uFFFD";

  private ByteDecoders() {}

  /**
   * Tokens of the byte alphabet as one string; others as they stand. What is not UTF-8 becomes
   * U+FFFD.
   */
  static List<String> byteLevel(List<String> tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String token : tokens) {
      byte[] decoded = ByteAlphabet.decode(token);
      bytes.writeBytes(decoded == null ? ByteAlphabet.utf8(token) : decoded);
    }
    return List.of(bytes.toString(StandardCharsets.UTF_8));
  }

  /**
   * Runs of byte tokens such as {@code <0xE2>} as text; a run that is not UTF-8 as one U+FFFD for
   * each token.
   */
  static List<String> byteFallback(List<String> tokens) {
    List<String> result = new ArrayList<>(tokens.size());
    ByteArrayOutputStream run = new ByteArrayOutputStream();
    for (String token : tokens) {
      if (token.length() == 6 && BYTE_TOKEN.matcher(token).matches()) {
        run.write(Integer.parseInt(token, 3, 5, 16));
      } else {
        flush(run, result);
        result.add(token);
      }
    }
    flush(run, result);
    return result;
  }

  private static void flush(ByteArrayOutputStream run, List<String> result) {
    if (run.size() == 0) {
      return;
    }
    try {
      result.add(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(run.toByteArray()))
              .toString());
    } catch (CharacterCodingException _) {
      for (int i = 0; i < run.size(); i++) {
        result.add(REPLACEMENT);
      }
    }
    run.reset();
  }
}
