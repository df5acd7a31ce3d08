/** Steps from tokens back to text (decoders). */
@NullMarked
package nibble.loaders.tokenizer.decode;

import org.jspecify.annotations.NullMarked;
