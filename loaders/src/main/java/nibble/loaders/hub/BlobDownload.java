package nibble.loaders.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import nibble.loaders.WriteFailedException;
import nibble.loaders.hf.ModelId;
import org.jspecify.annotations.Nullable;

/**
 * Brings the content of one file into the cache: goes on with what an earlier run left, tries again
 * when the connection breaks, and gives the blob its name only when length and hash are right.
 */
final class BlobDownload {
  private final HubSettings settings;
  private final HubHttp http;
  private final ModelId model;
  private final String commit;
  private final PullListener listener;

  BlobDownload(
      HubSettings settings, HubHttp http, ModelId model, String commit, PullListener listener) {
    this.settings = settings;
    this.http = http;
    this.model = model;
    this.commit = commit;
    this.listener = listener;
  }

  /** Where the content of {@code file} is, or will be. */
  Path blob(RemoteFile file) {
    return settings.cache().blob(model, file.checksum().hex());
  }

  /** Bytes of {@code file} that are in the cache already. */
  long present(RemoteFile file) {
    try {
      Path blob = blob(file);
      if (isComplete(file)) {
        return file.size();
      }
      Path partial = PartialFile.of(blob);
      return Files.isRegularFile(partial) ? Math.min(Files.size(partial), file.size()) : 0;
    } catch (IOException e) {
      throw WriteFailedException.of(blob(file), e);
    }
  }

  private boolean isComplete(RemoteFile file) throws IOException {
    Path blob = blob(file);
    return Files.isRegularFile(blob) && Files.size(blob) == file.size();
  }

  /**
   * Downloads what is missing.
   *
   * @param before bytes of other files, for the progress
   * @return the blob
   */
  Path fetch(RemoteFile file, long before) throws InterruptedException {
    Path blob = blob(file);
    String what = model + "/" + file.name();
    Path lock = settings.cache().lock(model, file.checksum().hex());
    try (BlobLock _ =
        BlobLock.acquire(
            lock, () -> listener.note(what + ": another program is downloading it, waiting"))) {
      if (isComplete(file)) {
        return blob;
      }
      try (PartialFile partial = PartialFile.open(blob, file.checksum(), file.size())) {
        partial.readThrough();
        requireSpace(file, partial);
        fetch(file, what, partial, before);
        partial.complete();
      }
      return blob;
    } catch (IOException e) {
      throw WriteFailedException.of(blob, e);
    }
  }

  private void fetch(RemoteFile file, String what, PartialFile partial, long before)
      throws InterruptedException {
    boolean continued = partial.length() > 0;
    transferAll(file, what, partial, before);
    String hash = partial.hash();
    if (hash.equals(file.checksum().hex())) {
      return;
    }
    partial.restart();
    if (!continued) {
      throw new HubException(
          "%s: the content is damaged: its hash is %s, expected %s; nothing of it was kept, try again"
              .formatted(what, hash, file.checksum().hex()));
    }
    listener.note(what + ": what an earlier run left is damaged, starting again");
    fetch(file, what, partial, before);
  }

  private void transferAll(RemoteFile file, String what, PartialFile partial, long before)
      throws InterruptedException {
    Retry retry = new Retry(what, settings.patience(), listener);
    while (partial.length() < file.size()) {
      long start = partial.length();
      try {
        transfer(file, what, partial, before);
      } catch (IOException e) {
        if (partial.length() > start) {
          retry.progressed();
        }
        retry.after(e);
      }
    }
  }

  private void transfer(RemoteFile file, String what, PartialFile partial, long before)
      throws IOException, InterruptedException {
    try (Answer answer = http.ask("GET", address(file.name()), range(partial))) {
      if (answer.status() == 416) {
        partial.restart();
        throw new IOException("the server does not have the rest of this version");
      }
      if (answer.status() != 200 && answer.status() != 206) {
        throw Refusal.of(settings, model, what, answer);
      }
      if (answer.status() == 200 && partial.length() > 0) {
        partial.restart();
      }
      requireLength(file, what, partial, answer);
      if (partial.length() == 0) {
        answer.header("ETag").filter(tag -> tag.startsWith("\"")).ifPresent(partial::remember);
      }
      receive(file, what, partial, before, answer);
    }
  }

  /**
   * The part that is missing, of the version of which the beginning is here, or else everything.
   */
  private static Map<String, String> range(PartialFile partial) {
    Map<String, String> headers = new HashMap<>();
    if (partial.length() > 0) {
      headers.put("Range", "bytes=" + partial.length() + "-");
      partial.version().ifPresent(version -> headers.put("If-Range", version));
    }
    return headers;
  }

  private void requireLength(RemoteFile file, String what, PartialFile partial, Answer answer) {
    if (answer.status() == 206) {
      String expected = "bytes %d-%d/%d".formatted(partial.length(), file.size() - 1, file.size());
      String found = answer.header("Content-Range").orElse("");
      if (!found.equals(expected)) {
        throw new HubException(
            "%s: the server sends the part '%s', expected '%s'".formatted(what, found, expected));
      }
    }
    OptionalLong announced = answer.number("Content-Length");
    if (announced.isPresent() && announced.getAsLong() != file.size() - partial.length()) {
      throw new HubException(
          "%s: the server sends %d bytes, expected %d; the file changed, or the answer comes from another place"
              .formatted(what, announced.getAsLong(), file.size() - partial.length()));
    }
  }

  private void receive(
      RemoteFile file, String what, PartialFile partial, long before, Answer answer)
      throws IOException, InterruptedException {
    for (ByteBuffer chunk = next(answer); chunk != null; chunk = next(answer)) {
      if (partial.length() + chunk.remaining() > file.size()) {
        partial.restart();
        throw new HubException(
            "%s: the server sends more than the %d bytes that it announced"
                .formatted(what, file.size()));
      }
      partial.append(chunk);
      listener.progress(file.name(), before + partial.length());
    }
    if (partial.length() < file.size()) {
      throw new IOException(
          "the answer ended after %d of %d bytes".formatted(partial.length(), file.size()));
    }
  }

  private static @Nullable ByteBuffer next(Answer answer) throws IOException, InterruptedException {
    return answer.response().body().next(answer.idle());
  }

  private URI address(String name) {
    return http.address("/" + model.name() + "/resolve/" + commit + Encoded.path(name));
  }

  private void requireSpace(RemoteFile file, PartialFile partial) throws IOException {
    FileStore store = Files.getFileStore(blob(file).getParent());
    long missing = file.size() - partial.length();
    long free = store.getUsableSpace();
    if (missing > free) {
      throw new WriteFailedException(
          "%s: %s needs %,d bytes more, the device has %,d free; free some space, or set HF_HUB_CACHE to another place"
              .formatted(settings.cache().root(), file.name(), missing, free),
          null);
    }
  }

  /**
   * Size and checksum of a file whose listing has none, from the headers of the file itself.
   *
   * @throws HubException if they are not there either: content that cannot be checked is not
   *     downloaded
   */
  RemoteFile ask(String name, Listing.Entry entry) throws InterruptedException {
    if (entry.size().isPresent() && entry.checksum().isPresent()) {
      return new RemoteFile(name, entry.size().getAsLong(), entry.checksum().get());
    }
    String what = model + "/" + name;
    Retry retry = new Retry(what, settings.patience(), listener);
    while (true) {
      try (Answer answer = http.ask("HEAD", address(name), Map.of())) {
        if (answer.status() >= 400) {
          throw Refusal.of(settings, model, what, answer);
        }
        OptionalLong size =
            answer.number("X-Linked-Size").isPresent()
                ? answer.number("X-Linked-Size")
                : answer.number("Content-Length");
        Optional<Checksum> checksum =
            answer.header("X-Linked-ETag").or(() -> answer.header("ETag")).flatMap(Checksum::of);
        if (size.isEmpty() || checksum.isEmpty()) {
          throw new HubException(
              what
                  + ": the server gives no size or no checksum, so the content could not be"
                  + " checked; it is not downloaded");
        }
        return new RemoteFile(name, size.getAsLong(), checksum.get());
      } catch (IOException e) {
        retry.after(e);
      }
    }
  }
}
