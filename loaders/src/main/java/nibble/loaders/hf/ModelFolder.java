package nibble.loaders.hf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import nibble.loaders.BadFileException;

/** Finds the folder of a model that a user named: a folder, or {@code org/name} in the hub cache of this user. */
public final class ModelFolder {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][\\w.-]*(/[A-Za-z0-9_][\\w.-]*)?");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9][\\w.-]*");

  private ModelFolder() {}

  /**
   * The folder of {@code model}: the folder of that name if it exists, else the snapshot that {@code refs/main} names in the hub cache
   * ({@code HF_HUB_CACHE}, else {@code HF_HOME/hub}, else {@code ~/.cache/huggingface/hub}).
   *
   * @throws BadFileException if there is neither; the message says where it looked
   */
  public static Path resolve(String model) {
    return resolve(model, System.getenv(), Path.of(System.getProperty("user.home", ".")));
  }

  static Path resolve(String model, Map<String, String> environment, Path home) {
    Optional<Path> folder = path(model);
    if (folder.isPresent() && Files.isDirectory(folder.get())) {
      return folder.get();
    }
    if (folder.isPresent() && Files.exists(folder.get())) {
      throw BadFileException.of(folder.get(), "is a file, expected a model folder");
    }
    if (!NAME.matcher(model).matches() || model.contains("..") || model.contains("--")) {
      throw new BadFileException(model + ": no such folder, and not a model name like 'org/name'");
    }
    return snapshot(model, cache(environment, home).resolve("models--" + model.replace("/", "--")));
  }

  private static Optional<Path> path(String model) {
    try {
      return model.isEmpty() ? Optional.empty() : Optional.of(Path.of(model));
    } catch (InvalidPathException _) {
      return Optional.empty();
    }
  }

  /** Where the hub cache is, by the rules of huggingface_hub. */
  static Path cache(Map<String, String> environment, Path home) {
    String hub = environment.getOrDefault("HF_HUB_CACHE", environment.getOrDefault("HUGGINGFACE_HUB_CACHE", ""));
    if (!hub.isEmpty()) {
      return expand(hub, home);
    }
    String hfHome = environment.getOrDefault("HF_HOME", "");
    if (!hfHome.isEmpty()) {
      return expand(hfHome, home).resolve("hub");
    }
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    return (xdg.isEmpty() ? home.resolve(".cache") : expand(xdg, home)).resolve("huggingface").resolve("hub");
  }

  private static Path expand(String path, Path home) {
    return path.equals("~") || path.startsWith("~/") ? home.resolve(path.substring(path.length() > 1 ? 2 : 1)) : Path.of(path);
  }

  private static Path snapshot(String model, Path repository) {
    Path ref = repository.resolve("refs").resolve("main");
    if (!Files.exists(ref)) {
      throw new BadFileException(
          model.contains("/")
              ? "%s: no such folder, and not in the hub cache: %s does not exist; download it with 'hf download %s', or set HF_HUB_CACHE or HF_HOME"
                  .formatted(model, ref, model)
              : "%s: no such folder, and no model of that name in the hub cache (%s)".formatted(model, repository.getParent()));
    }
    String revision = revision(ref);
    Path snapshot = repository.resolve("snapshots").resolve(revision);
    if (!Files.isDirectory(snapshot)) {
      throw new BadFileException(
          "%s: %s names revision %s, but %s does not exist; download it again with 'hf download %s'".formatted(model, ref, revision, snapshot, model));
    }
    return snapshot;
  }

  private static String revision(Path ref) {
    try {
      String revision = Files.readString(ref).strip();
      if (revision.length() > 100 || !REVISION.matcher(revision).matches()) {
        throw BadFileException.of(ref, "does not hold a revision");
      }
      return revision;
    } catch (IOException e) {
      throw BadFileException.reading(ref, e);
    }
  }
}
