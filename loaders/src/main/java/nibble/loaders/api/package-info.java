/**
 * Models as programs use them: a folder in, answers out. {@link nibble.loaders.api.Embedder} for
 * vectors of texts, {@link nibble.loaders.api.TextGenerator} for text, {@link
 * nibble.loaders.api.ImageClassifier} for images. All are thread-safe and closed by whoever opened
 * them.
 */
@NullMarked
package nibble.loaders.api;

import org.jspecify.annotations.NullMarked;
