package nibble.loaders.tokenizer.decode;

import java.util.List;

/** One step from tokens to text. Stateless: any thread may use it. */
@FunctionalInterface
public interface TokenDecoder {
  /** What becomes of {@code tokens}; in the end, all strings are joined. */
  List<String> decode(List<String> tokens);
}
