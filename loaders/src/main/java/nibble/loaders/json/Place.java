package nibble.loaders.json;

import nibble.loaders.BadFileException;

/**
 * Where a value stands, for error messages.
 *
 * @param source file or other origin
 * @param path keys from the root, such as {@code vision_config.hidden_size} or {@code layers[3]};
 *     empty for the root
 */
record Place(String source, String path) {
  static final Place UNKNOWN = new Place("JSON", "");

  static Place root(String source) {
    return new Place(source, "");
  }

  Place key(String key) {
    return new Place(source, path.isEmpty() ? key : path + "." + key);
  }

  Place index(int index) {
    return new Place(source, path + "[" + index + "]");
  }

  /** The error {@code "config.json: key 'a.b' problem"}. */
  BadFileException error(String problem) {
    return new BadFileException(
        path.isEmpty()
            ? source + ": the document " + problem
            : source + ": key '" + path + "' " + problem);
  }

  BadFileException mismatch(JsonValue found, String expected) {
    return error("is " + found.kind() + ", expected " + expected);
  }
}
