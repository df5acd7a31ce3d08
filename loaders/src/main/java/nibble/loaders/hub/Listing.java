package nibble.loaders.hub;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;

/**
 * What the hub says about one commit of a model.
 *
 * @param commit its hash
 * @param files what it says about each file, by the names that it gives them, which are not checked
 */
record Listing(String commit, Map<String, Entry> files) {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  /**
   * What is known about a file; a hub that is asked in vain for sizes and checksums gives neither.
   */
  record Entry(OptionalLong size, Optional<Checksum> checksum) {}

  /**
   * Reads the answer of {@code /api/models/...}: {@code sha} and {@code siblings}, of which each
   * has {@code rfilename}, {@code size}, {@code blobId}, and for large files {@code lfs.sha256}.
   *
   * @throws BadFileException if the answer is something else
   */
  static Listing of(JsonObject answer) {
    String commit = answer.string("sha");
    if (!COMMIT.matcher(commit).matches()) {
      throw answer.error("sha", "is '" + commit + "', expected the hash of a commit");
    }
    JsonArray siblings = answer.array("siblings");
    Map<String, Entry> files = new LinkedHashMap<>();
    for (int i = 0; i < siblings.size(); i++) {
      JsonObject file = siblings.object(i);
      files.put(file.string("rfilename"), entry(file));
    }
    return new Listing(commit, files);
  }

  private static Entry entry(JsonObject file) {
    Optional<JsonObject> large = file.findObject("lfs");
    String checksum = large.map(l -> l.string("sha256", "")).orElse(file.string("blobId", ""));
    long size =
        large
            .map(l -> l.longInteger("size", -1))
            .filter(s -> s >= 0)
            .orElse(file.longInteger("size", -1));
    return new Entry(
        size < 0 ? OptionalLong.empty() : OptionalLong.of(size), Checksum.of(checksum));
  }

  Set<String> names() {
    return files.keySet();
  }

  /** What is known about a file; nothing about one that is not listed. */
  Entry entry(String name) {
    return files.getOrDefault(name, new Entry(OptionalLong.empty(), Optional.empty()));
  }

  /** The names in order. */
  List<String> sortedNames() {
    return files.keySet().stream().sorted().toList();
  }
}
