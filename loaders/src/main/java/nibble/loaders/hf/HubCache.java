package nibble.loaders.hf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import nibble.loaders.BadFileException;

/**
 * Where the programs of one user keep models of the hub, in the layout of huggingface_hub, which
 * they share:
 *
 * <pre>{@code
 * models--org--name/blobs/<checksum>                  content of a file
 * models--org--name/snapshots/<commit>/config.json    link to a blob
 * models--org--name/refs/main                         commit of a branch or tag
 * }</pre>
 *
 * @param root the folder that holds the folders of the models; need not exist
 */
public record HubCache(Path root) {
  /**
   * The cache of the user who runs this program: {@code HF_HUB_CACHE}, else {@code HF_HOME/hub},
   * else {@code ~/.cache/huggingface/hub}.
   */
  public static HubCache ofUser() {
    return of(System.getenv(), Path.of(System.getProperty("user.home", ".")));
  }

  /**
   * The cache by the rules of huggingface_hub for a user with these environment variables and this
   * home folder.
   */
  public static HubCache of(Map<String, String> environment, Path home) {
    String hub =
        environment.getOrDefault(
            "HF_HUB_CACHE", environment.getOrDefault("HUGGINGFACE_HUB_CACHE", ""));
    return new HubCache(
        hub.isEmpty() ? hfHome(environment, home).resolve("hub") : expand(hub, home));
  }

  /** {@code HF_HOME}, else {@code huggingface} in the cache folder of the user. */
  public static Path hfHome(Map<String, String> environment, Path home) {
    String hfHome = environment.getOrDefault("HF_HOME", "");
    if (!hfHome.isEmpty()) {
      return expand(hfHome, home);
    }
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    return (xdg.isEmpty() ? home.resolve(".cache") : expand(xdg, home)).resolve("huggingface");
  }

  private static Path expand(String path, Path home) {
    return path.equals("~") || path.startsWith("~/")
        ? home.resolve(path.substring(path.length() > 1 ? 2 : 1))
        : Path.of(path);
  }

  /** The folder of a model; need not exist. */
  public Path folder(ModelId model) {
    return root.resolve(folderName(model));
  }

  private static String folderName(ModelId model) {
    return "models--" + model.name().replace("/", "--");
  }

  /** The content with checksum {@code name}. */
  public Path blob(ModelId model, String name) {
    return folder(model).resolve("blobs").resolve(name);
  }

  /** The file that programs lock while they download the content with checksum {@code name}. */
  public Path lock(ModelId model, String name) {
    return root.resolve(".locks").resolve(folderName(model)).resolve(name + ".lock");
  }

  /** The file that holds the commit of the revision. */
  public Path ref(ModelId model) {
    return folder(model).resolve("refs").resolve(model.revision());
  }

  /** The folder with the files of one commit. */
  public Path snapshot(ModelId model, String commit) {
    return folder(model).resolve("snapshots").resolve(commit);
  }

  /**
   * The commit that the revision stood for when the model was last downloaded; empty if the
   * revision is not in the cache.
   *
   * @throws BadFileException if the cache is damaged
   */
  public Optional<String> commit(ModelId model) {
    Path ref = ref(model);
    if (!Files.isRegularFile(ref)) {
      return Files.isDirectory(snapshot(model, model.revision()))
          ? Optional.of(model.revision())
          : Optional.empty();
    }
    try {
      String commit = Files.readString(ref).strip();
      if (!ModelId.isRevision(commit) || commit.contains("/")) {
        throw BadFileException.of(ref, "does not hold a revision");
      }
      return Optional.of(commit);
    } catch (IOException e) {
      throw BadFileException.reading(ref, e);
    }
  }
}
