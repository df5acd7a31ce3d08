/** Steps that cut text into pieces (pre-tokenizers): words, digits, punctuation, patterns. */
@NullMarked
package nibble.loaders.tokenizer.split;

import org.jspecify.annotations.NullMarked;
