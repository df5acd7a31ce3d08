/**
 * What transformers of text are built from: rotary positions, attention over sequences of different
 * lengths with a key-value cache, feed-forward layers, blocks. The models themselves are in {@code
 * nibble.nn.decoder} and {@code nibble.nn.encoder}.
 */
@NullMarked
package nibble.nn.transformer;

import org.jspecify.annotations.NullMarked;
