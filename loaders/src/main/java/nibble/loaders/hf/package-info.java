/**
 * Model folders in Hugging Face layout and where to find them.
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoint.open(ModelFolder.resolve("facebook/deit-tiny-patch16-224"))) {
 *   int hidden = checkpoint.config().integer("hidden_size");
 *   Tensor weight = checkpoint.floats("classifier.weight", 1000, hidden);
 * }
 * }</pre>
 */
@NullMarked
package nibble.loaders.hf;

import org.jspecify.annotations.NullMarked;
