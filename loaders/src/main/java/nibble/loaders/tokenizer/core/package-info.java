/**
 * What the steps of a tokenizer share: text that knows where it came from, characters, patterns,
 * tries, lists of tokens.
 */
@NullMarked
package nibble.loaders.tokenizer.core;

import org.jspecify.annotations.NullMarked;
