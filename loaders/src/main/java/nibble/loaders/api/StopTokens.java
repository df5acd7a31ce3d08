package nibble.loaders.api;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.Tokenizer;

/**
 * The tokens that end a text: what {@code generation_config.json}, {@code config.json} and the
 * tokenizer say.
 */
final class StopTokens {
  private static final String GENERATION = "generation_config.json";
  private static final String KEY = "eos_token_id";

  private StopTokens() {}

  static Set<Integer> of(Checkpoint checkpoint, Tokenizer tokenizer) {
    Set<Integer> ids = new HashSet<>();
    Path generation = checkpoint.folder().resolve(GENERATION);
    if (Files.exists(generation)) {
      add(Json.readObject(generation), ids);
    }
    add(checkpoint.config(), ids);
    tokenizer.special().eos().ifPresent(ids::add);
    return Set.copyOf(ids);
  }

  /** One id, or a list of ids. */
  private static void add(JsonObject config, Set<Integer> ids) {
    JsonValue value = config.find(KEY).orElse(JsonNull.NULL);
    if (value instanceof JsonArray) {
      for (int id : config.array(KEY).ints()) {
        ids.add(id);
      }
    } else if (!(value instanceof JsonNull)) {
      ids.add(config.integer(KEY));
    }
  }
}
