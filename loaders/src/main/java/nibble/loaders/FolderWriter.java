package nibble.loaders;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * Writes a folder that appears whole or not at all. Files are put into a temporary folder beside
 * the target, which takes the target's name at {@link #commit()}. Without a commit, on failure, and
 * when the JVM ends first (Ctrl-C), the temporary folder is removed and the target is as it was.
 *
 * <pre>{@code
 * try (FolderWriter out = FolderWriter.create(Path.of("model-w4a4"), FolderWriter.Existing.REFUSE)) {
 *   Json.write(out.file("config.json"), config);
 *   out.copy(source.resolve("preprocessor_config.json"));
 *   out.commit();
 * }
 * }</pre>
 *
 * Not thread-safe.
 */
public final class FolderWriter implements AutoCloseable {
  /** What to do with a target that already has something in it. */
  public enum Existing {
    /** Report an error before anything is written. */
    REFUSE,
    /** Replace all of it at the commit. */
    REPLACE
  }

  private final Path target;
  private final Existing existing;
  private final Path temporary;
  private final Cleanup cleanup;
  private boolean committed;

  private FolderWriter(Path target, Existing existing, Path temporary, Cleanup cleanup) {
    this.target = target;
    this.existing = existing;
    this.temporary = temporary;
    this.cleanup = cleanup;
  }

  /**
   * Starts writing {@code target}; missing folders above it are created.
   *
   * @throws WriteFailedException if the target is a file, is not empty (unless it may be replaced),
   *     or nothing can be created beside it
   */
  public static FolderWriter create(Path target, Existing existing) {
    Path absolute = target.toAbsolutePath().normalize();
    Path name = absolute.getFileName();
    if (name == null) {
      throw new WriteFailedException(
          target + ": cannot be written: it is the root of the file system", null);
    }
    Path temporary =
        absolute.resolveSibling(
            "." + name + "." + UUID.randomUUID().toString().substring(0, 8) + ".tmp");
    Cleanup cleanup = Cleanup.of(temporary);
    try {
      requireFree(target, absolute, existing);
      Files.createDirectories(temporary);
      return new FolderWriter(absolute, existing, temporary, cleanup);
    } catch (IOException e) {
      cleanup.close();
      throw WriteFailedException.of(target, e);
    } catch (RuntimeException e) {
      cleanup.close();
      throw e;
    }
  }

  private static void requireFree(Path named, Path target, Existing existing) throws IOException {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new WriteFailedException(
          named + ": cannot be written: a file or link of this name exists; choose another folder",
          null);
    }
    if (existing == Existing.REFUSE && !isEmpty(target)) {
      throw new WriteFailedException(
          named
              + ": cannot be written: the folder exists and is not empty; choose another one, or"
              + " remove it",
          null);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      return !entries.iterator().hasNext();
    }
  }

  /** The folder to write into until the commit, on the same file system as the target. */
  public Path path() {
    if (committed) {
      throw new IllegalStateException("the folder is already written");
    }
    return temporary;
  }

  /**
   * Where to write the file called {@code name}, until the commit.
   *
   * @throws IllegalArgumentException if {@code name} is not a plain file name
   */
  public Path file(String name) {
    Path file = temporary.resolve(name);
    if (committed
        || name.isEmpty()
        || !temporary.equals(file.getParent())
        || !file.equals(file.normalize())) {
      throw new IllegalArgumentException(
          committed ? "the folder is already written" : "'" + name + "' is not a plain file name");
    }
    return file;
  }

  /**
   * Copies the content of {@code source} under its own name.
   *
   * @throws WriteFailedException if that fails
   */
  public void copy(Path source) {
    try {
      Files.copy(
          source, file(String.valueOf(source.getFileName())), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw WriteFailedException.of(target.resolve(source.getFileName()), e);
    }
  }

  /**
   * Copies the content of {@code source} under its own name into the folder {@code inside}.
   *
   * @param inside a plain name
   * @throws WriteFailedException if that fails
   */
  public void copy(Path source, String inside) {
    Path folder = file(inside);
    try {
      Files.createDirectories(folder);
      Files.copy(
          source,
          folder.resolve(String.valueOf(source.getFileName())),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw WriteFailedException.of(target.resolve(inside).resolve(source.getFileName()), e);
    }
  }

  /**
   * Gives the folder its final name.
   *
   * @throws WriteFailedException if that fails, or the target was filled by somebody else in the
   *     meantime; it is then as it was
   */
  public void commit() {
    if (committed) {
      throw new IllegalStateException("the folder is already written");
    }
    try {
      requireFree(target, target, existing);
      cleanup.keep(this::move);
    } catch (IOException e) {
      throw WriteFailedException.of(target, e);
    }
    committed = true;
  }

  private void move() throws IOException {
    if (Files.exists(target)) {
      replace();
    } else {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /**
   * Sets the old folder aside, moves the new one in, and removes the old one; puts the old one back
   * if the move fails.
   */
  private void replace() throws IOException {
    Path old = temporary.resolveSibling(temporary.getFileName() + ".old");
    Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
    Cleanup.deleteTree(old);
  }

  /** Removes what was written unless it was committed. */
  @Override
  public void close() {
    cleanup.close();
  }
}
