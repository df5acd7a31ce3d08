/** The models of tokenizers: a piece of text in, ids out. */
@NullMarked
package nibble.loaders.tokenizer.model;

import org.jspecify.annotations.NullMarked;
