/**
 * Methods for the key-value cache of language models: uniform codes ({@link
 * nibble.quant.kvcache.UniformCache}), KVQuant, RotateKV. They find a {@link
 * nibble.nn.cache.CacheFormat} for every layer.
 */
@NullMarked
package nibble.quant.kvcache;

import org.jspecify.annotations.NullMarked;
