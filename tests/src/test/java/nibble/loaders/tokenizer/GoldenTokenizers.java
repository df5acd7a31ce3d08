package nibble.loaders.tokenizer;

import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.testing.GoldenFiles;

/** The small tokenizers of {@code tests/golden/tokenizers}. */
final class GoldenTokenizers {
  private static final JsonArray FULL =
      Json.readObject(GoldenFiles.of("tokenizers/cases.json")).array("full");

  private GoldenTokenizers() {}

  static int count() {
    return FULL.size();
  }

  static JsonObject json(int index) {
    return FULL.object(index).object("tokenizer");
  }

  static JsonObject json(String name) {
    for (int i = 0; i < FULL.size(); i++) {
      if (FULL.object(i).string("name").equals(name)) {
        return json(i);
      }
    }
    throw new IllegalArgumentException(name);
  }

  static Tokenizer of(String name) {
    return Tokenizers.of(json(name));
  }
}
