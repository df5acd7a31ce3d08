/** {@code tokenizer.model} of SentencePiece: its file, its normalizer, its BPE. */
@NullMarked
package nibble.loaders.tokenizer.sentencepiece;

import org.jspecify.annotations.NullMarked;
