/** Steps behind the model (post-processors): special tokens, type ids, trimmed offsets. */
@NullMarked
package nibble.loaders.tokenizer.finish;

import org.jspecify.annotations.NullMarked;
