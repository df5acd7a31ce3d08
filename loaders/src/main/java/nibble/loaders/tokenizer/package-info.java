/**
 * Tokenizers: text to token ids and back, as {@code tokenizer.json} of the Hugging Face tokenizers,
 * {@code vocab.txt}, {@code vocab.json} with {@code merges.txt}, and {@code tokenizer.model} of
 * SentencePiece define it.
 *
 * <pre>{@code
 * Tokenizer tokenizer = Tokenizers.load(Path.of("model"));
 * Encoding encoding = tokenizer.encode("Hello world");
 * int[] ids = encoding.ids();                                  // with special tokens
 * String text = tokenizer.decode(ids, true);                   // without them
 * }</pre>
 */
@NullMarked
package nibble.loaders.tokenizer;

import org.jspecify.annotations.NullMarked;
