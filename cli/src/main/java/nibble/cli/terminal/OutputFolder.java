package nibble.cli.terminal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder that appears complete or not at all: files are written to {@link #path()}, a hidden neighbour of the target, which {@link #commit()} renames. Without a commit, {@link #close()} deletes it; so
 * does Ctrl-C, through a shutdown hook.
 *
 * <pre>{@code
 * try (OutputFolder output = OutputFolder.create(target)) {
 *   Files.writeString(output.path().resolve("config.json"), config);
 *   output.commit();
 * }
 * }</pre>
 */
public final class OutputFolder implements AutoCloseable {
  private final Path target;
  private final Path partial;
  private final Thread hook;
  private boolean finished;

  private OutputFolder(Path target, Path partial) {
    this.target = target;
    this.partial = partial;
    hook = new Thread(() -> deleteTree(partial), "delete " + partial.getFileName());
  }

  /**
   * Begins a new folder.
   *
   * @throws CommandFailure if the target exists and is not an empty folder, or the place is not writable
   */
  public static OutputFolder create(Path target) {
    Path whole = target.toAbsolutePath().normalize();
    Path parent = whole.getParent();
    if (parent == null || whole.getFileName() == null) {
      throw CommandFailure.usage(target + ": not a place for an output folder; name a folder that does not exist yet");
    }
    refuseToOverwrite(target, whole);
    try {
      Files.createDirectories(parent);
      Path partial = Files.createTempDirectory(parent, "." + whole.getFileName() + ".partial-");
      partial.toFile().setReadable(true, false);
      partial.toFile().setExecutable(true, false);
      OutputFolder folder = new OutputFolder(whole, partial);
      Runtime.getRuntime().addShutdownHook(folder.hook);
      return folder;
    } catch (IOException e) {
      throw CommandFailure.failed("%s: cannot create the output folder (%s); choose a writable place with --out".formatted(target, Reasons.of(e)));
    }
  }

  private static void refuseToOverwrite(Path asGiven, Path target) {
    if (!Files.exists(target)) {
      return;
    }
    if (!Files.isDirectory(target)) {
      throw CommandFailure.failed(asGiven + ": is a file; name another output folder");
    }
    try (Stream<Path> entries = Files.list(target)) {
      if (entries.findAny().isPresent()) {
        throw CommandFailure.failed(asGiven + ": the output folder exists and is not empty; remove it or name another one");
      }
    } catch (IOException e) {
      throw CommandFailure.failed("%s: cannot look into the output folder (%s)".formatted(asGiven, Reasons.of(e)));
    }
  }

  /** The folder to write into, on the same file system as the target. */
  public Path path() {
    return partial;
  }

  /**
   * Makes the target appear with everything written so far.
   *
   * @throws UncheckedIOException if the folder cannot be renamed
   */
  public void commit() {
    try {
      try {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException | DirectoryNotEmptyException e) {
        Files.deleteIfExists(target);
        Files.move(partial, target);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    finish();
  }

  /** Deletes what was written, unless it was committed. */
  @Override
  public void close() {
    if (!finished) {
      deleteTree(partial);
      finish();
    }
  }

  private void finish() {
    finished = true;
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // the hook runs already and finds nothing to delete
    }
  }

  /** Deletes a folder while another thread may still be adding files to it; gives up quietly after some rounds. */
  private static void deleteTree(Path folder) {
    for (int round = 0; round < 20 && Files.exists(folder); round++) {
      try {
        List<Path> entries;
        try (Stream<Path> walk = Files.walk(folder)) {
          entries = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path entry : entries) {
          Files.deleteIfExists(entry);
        }
      } catch (NoSuchFileException | DirectoryNotEmptyException | UncheckedIOException e) {
        Thread.onSpinWait(); // somebody wrote or deleted meanwhile: look again
      } catch (IOException e) {
        return;
      }
    }
  }
}
