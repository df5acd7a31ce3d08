package nibble.loaders.hf;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import nibble.loaders.BadFileException;

/**
 * Finds the folder of a model that a user named: a folder, or {@code org/name} in the hub cache of
 * this user.
 */
public final class ModelFolder {
  private ModelFolder() {}

  /**
   * The folder of {@code model}: the folder or GGUF file of that name if it exists, else what
   * {@link HubCache} has of {@code org/name}, or of {@code org/name@revision}.
   *
   * @throws BadFileException if there is neither; the message says where it looked
   */
  public static Path resolve(String model) {
    return resolve(model, HubCache.ofUser());
  }

  /** Like {@link #resolve(String)}, with another cache. */
  public static Path resolve(String model, HubCache cache) {
    Optional<Path> folder = path(model);
    if (folder.isPresent() && Files.isDirectory(folder.get())) {
      return folder.get();
    }
    if (folder.isPresent() && Files.isRegularFile(folder.get()) && model.endsWith(".gguf")) {
      return folder.get();
    }
    if (folder.isPresent() && Files.exists(folder.get())) {
      throw BadFileException.of(folder.get(), "is a file, expected a model folder or a GGUF file");
    }
    int at = model.indexOf('@');
    String name = at < 0 ? model : model.substring(0, at);
    String revision = at < 0 ? ModelId.MAIN : model.substring(at + 1);
    if (!ModelId.isName(name) || !ModelId.isRevision(revision)) {
      throw new BadFileException(model + ": no such folder, and not a model name like 'org/name'");
    }
    return snapshot(new ModelId(name, revision), cache);
  }

  private static Optional<Path> path(String model) {
    try {
      return model.isEmpty() ? Optional.empty() : Optional.of(Path.of(model));
    } catch (InvalidPathException _) {
      return Optional.empty();
    }
  }

  private static Path snapshot(ModelId model, HubCache cache) {
    String commit = cache.commit(model).orElseThrow(() -> missing(model, cache));
    Path snapshot = cache.snapshot(model, commit);
    if (!Files.isDirectory(snapshot)) {
      throw new BadFileException(
          "%s: %s names revision %s, but %s does not exist; download it again with '%s'"
              .formatted(model, cache.ref(model), commit, snapshot, pull(model)));
    }
    return snapshot;
  }

  private static BadFileException missing(ModelId model, HubCache cache) {
    return new BadFileException(
        model.name().contains("/")
            ? "%s: no such folder, and not in the hub cache: %s does not exist; download it with '%s', or set HF_HUB_CACHE or HF_HOME"
                .formatted(model, cache.ref(model), pull(model))
            : "%s: no such folder, and no model of that name in the hub cache (%s)"
                .formatted(model, cache.root()));
  }

  private static String pull(ModelId model) {
    String revision =
        model.revision().equals(ModelId.MAIN) ? "" : " --revision " + model.revision();
    return "nibble pull " + model.name() + revision;
  }
}
