/** Steps that change text before it is split: Unicode forms, case, accents, replacements. */
@NullMarked
package nibble.loaders.tokenizer.normalize;

import org.jspecify.annotations.NullMarked;
