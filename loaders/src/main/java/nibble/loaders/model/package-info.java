/**
 * Folders in Hugging Face layout to models and back. Start with {@link
 * nibble.loaders.model.ModelFolder}.
 */
@NullMarked
package nibble.loaders.model;

import org.jspecify.annotations.NullMarked;
