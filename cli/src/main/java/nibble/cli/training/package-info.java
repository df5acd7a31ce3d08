/**
 * Trains an image classifier: one loop for the shipped model and for fine-tuning. Start with {@link
 * nibble.cli.training.Training}.
 */
@NullMarked
package nibble.cli.training;

import org.jspecify.annotations.NullMarked;
