/**
 * Small immutable JSON trees with errors that name the file and the key.
 *
 * <pre>{@code
 * JsonObject config = Json.readObject(Path.of("model/config.json"));
 * int hidden = config.integer("hidden_size");                 // "config.json: key 'hidden_size' is missing"
 * double eps = config.number("layer_norm_eps", 1e-12);
 * Json.write(Path.of("out.json"), JsonObject.builder().put("top1", 0.78).build());
 * }</pre>
 */
@NullMarked
package nibble.loaders.json;

import org.jspecify.annotations.NullMarked;
