package nibble.loaders.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import nibble.loaders.AtomicFile;
import nibble.loaders.WriteFailedException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.hf.HubCache;
import nibble.loaders.hf.ModelId;
import nibble.loaders.json.Json;

/**
 * Downloads models from a hub, by default {@code https://huggingface.co}, into {@link HubCache}.
 *
 * <p>Of a repository it takes what Nibble reads: configuration, safetensors, tokenizer,
 * preprocessor, chat template, the small folders of sentence-transformers; or the files that are
 * named. Content appears under its name only when its length and hash are right. A transfer that
 * was cut, by the network or by Ctrl-C, goes on where it ended. Several downloads of one model at a
 * time are safe.
 *
 * <p>Environment variables: {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_HUB_OFFLINE}, {@code
 * HF_HOME}, {@code HF_HUB_CACHE}. The token is sent to the hub only, never to a host that it
 * redirects to. Immutable and thread-safe.
 */
public final class Hub {
  private static final int LONGEST_LISTING = 64 << 20;

  private final HubSettings settings;

  private Hub(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * The hub of the user who runs this program.
   *
   * @throws HubException if an environment variable makes no sense
   */
  public static Hub ofUser() {
    return of(System.getenv(), Path.of(System.getProperty("user.home", ".")), Patience.DEFAULTS);
  }

  /**
   * The hub of a user with these environment variables and this home folder.
   *
   * @throws HubException if a variable makes no sense
   */
  public static Hub of(Map<String, String> environment, Path home, Patience patience) {
    return new Hub(HubSettings.of(environment, home, patience));
  }

  /** The same hub without the network: models are looked up in the cache. */
  public Hub offline() {
    return new Hub(settings.withOffline(true));
  }

  /**
   * Brings a model into the cache.
   *
   * @param patterns names of files, or globs such as {@code *.Q4_0.gguf}; if empty, what Nibble
   *     reads
   * @throws HubException if the hub refuses, cannot be reached, or sends something else than it
   *     announced
   * @throws nibble.loaders.BadFileException if what the hub says about the model makes no sense
   * @throws WriteFailedException if the cache cannot be written, such as for lack of space; what is
   *     there is kept for the next time
   */
  public PulledModel pull(ModelId model, List<String> patterns, PullListener listener) {
    if (settings.offline()) {
      return inCache(model, patterns);
    }
    try (HubHttp http = new HubHttp(settings)) {
      return download(http, model, patterns, listener);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(model + ": interrupted", e);
    }
  }

  private PulledModel download(
      HubHttp http, ModelId model, List<String> patterns, PullListener listener)
      throws InterruptedException {
    Listing listing = list(http, model, listener);
    BlobDownload download = new BlobDownload(settings, http, model, listing.commit(), listener);
    Map<String, RemoteFile> files = new LinkedHashMap<>();
    long indexBytes = 0;
    for (String name : chosen(model, patterns, listing.sortedNames())) {
      files.put(name, known(download, model, listing, name));
    }
    if (patterns.isEmpty() && NeededFiles.isSharded(listing.names())) {
      RemoteFile index = known(download, model, listing, Checkpoint.INDEX);
      indexBytes = index.size() - download.present(index);
      Path blob = download.fetch(index, 0);
      files.put(index.name(), index);
      for (String name : NeededFiles.shards(Json.readObject(blob), listing.names())) {
        files.put(name, known(download, model, listing, name));
      }
    }
    return fetchAll(
        download, model, listing.commit(), List.copyOf(files.values()), indexBytes, listener);
  }

  private static List<String> chosen(
      ModelId model, List<String> patterns, Collection<String> names) {
    if (!patterns.isEmpty()) {
      return NeededFiles.matching(model.toString(), patterns, names);
    }
    List<String> chosen = new ArrayList<>(NeededFiles.small(names));
    if (!NeededFiles.isSharded(names)) {
      chosen.addAll(NeededFiles.weights(model.toString(), names));
    }
    return chosen;
  }

  private static RemoteFile known(
      BlobDownload download, ModelId model, Listing listing, String name)
      throws InterruptedException {
    if (!RemoteFile.isSafe(name)) {
      throw new HubException(
          "%s: the repository has a file called '%s', which leads out of its folder; it is not downloaded"
              .formatted(model, name));
    }
    return download.ask(name, listing.entry(name));
  }

  private PulledModel fetchAll(
      BlobDownload download,
      ModelId model,
      String commit,
      List<RemoteFile> files,
      long alreadyDownloaded,
      PullListener listener)
      throws InterruptedException {
    long here = files.stream().mapToLong(download::present).sum();
    long total = files.stream().mapToLong(RemoteFile::size).reduce(0, Math::addExact);
    listener.begin(here, total);
    SnapshotFolder snapshot = new SnapshotFolder(settings.cache().snapshot(model, commit));
    long before = 0;
    for (RemoteFile file : files) {
      snapshot.add(file.name(), download.fetch(file, before));
      before += file.size();
      listener.progress(file.name(), before);
    }
    writeRef(model, commit); // last: where a revision has a commit, what was asked for is there
    List<PulledModel.File> pulled =
        files.stream().map(file -> new PulledModel.File(file.name(), file.size())).toList();
    return new PulledModel(commit, snapshot.path(), pulled, total - here + alreadyDownloaded);
  }

  private void writeRef(ModelId model, String commit) {
    if (model.revision().equals(commit)) {
      return;
    }
    Path ref = settings.cache().ref(model);
    try {
      Files.createDirectories(ref.getParent());
    } catch (IOException e) {
      throw WriteFailedException.of(ref, e);
    }
    AtomicFile.write(ref, commit.getBytes(StandardCharsets.US_ASCII));
  }

  private Listing list(HubHttp http, ModelId model, PullListener listener)
      throws InterruptedException {
    String path =
        "/api/models/"
            + model.name()
            + "/revision/"
            + Encoded.part(model.revision())
            + "?blobs=true";
    Retry retry = new Retry(model.toString(), settings.patience(), listener);
    while (true) {
      try (Answer answer =
          http.ask("GET", http.address(path), Map.of("Accept", "application/json"))) {
        if (answer.status() != 200) {
          throw Refusal.of(settings, model, model.toString(), answer);
        }
        return Listing.of(
            Json.parseObject(settings.endpoint() + path, answer.text(LONGEST_LISTING)));
      } catch (IOException e) {
        retry.after(e);
      }
    }
  }

  private PulledModel inCache(ModelId model, List<String> patterns) {
    String commit =
        settings
            .cache()
            .commit(model)
            .orElseThrow(
                () ->
                    new HubException(
                        "%s: not in the cache (%s), and the network must not be used; pull it once without --offline and HF_HUB_OFFLINE"
                            .formatted(model, settings.cache().root())));
    Path folder = settings.cache().snapshot(model, commit);
    List<String> names = names(folder);
    List<String> chosen = new ArrayList<>(chosen(model, patterns, names));
    if (patterns.isEmpty() && NeededFiles.isSharded(names)) {
      chosen.add(Checkpoint.INDEX);
      chosen.addAll(NeededFiles.shards(Json.readObject(folder.resolve(Checkpoint.INDEX)), names));
    }
    return new PulledModel(
        commit, folder, chosen.stream().map(name -> file(folder, name)).toList(), 0);
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new HubException(folder + ": cannot be read; pull it again without --offline", e);
    }
  }

  private static PulledModel.File file(Path folder, String name) {
    try {
      return new PulledModel.File(name, Files.size(folder.resolve(name)));
    } catch (IOException e) {
      throw new HubException(
          folder.resolve(name) + ": cannot be read; pull it again without --offline", e);
    }
  }
}
