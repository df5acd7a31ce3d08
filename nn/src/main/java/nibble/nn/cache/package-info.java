/**
 * How the keys and values of past tokens are kept: in float, or as packed codes that attention
 * reads tile by tile. Start with {@link nibble.nn.cache.CacheFormat}.
 */
@NullMarked
package nibble.nn.cache;

import org.jspecify.annotations.NullMarked;
