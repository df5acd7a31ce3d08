package nibble.loaders;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Deletes a temporary file or folder when closed, and also when the JVM ends first (Ctrl-C), unless
 * it was given its final name. Thread-safe.
 */
final class Cleanup implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Cleanup.class.getName());

  private static final int ATTEMPTS = 20;
  private static final long PAUSE_NANOS = 10_000_000;

  private final Path path;
  private final Thread hook;
  private boolean armed = true;

  /** Gives what was written its final name. */
  @FunctionalInterface
  interface Move {
    /** Moves everything, or nothing on failure. */
    void run() throws IOException;
  }

  private Cleanup(Path path) {
    this.path = path;
    hook = new Thread(this::deleteOnce, "delete " + path.getFileName());
  }

  /** Watches over {@code path}, which need not exist yet. */
  static Cleanup of(Path path) {
    Cleanup cleanup = new Cleanup(path);
    Runtime.getRuntime().addShutdownHook(cleanup.hook);
    return cleanup;
  }

  /**
   * Runs {@code move} and deletes nothing from then on. A JVM that ends meanwhile waits for the
   * move, so that what appears is whole.
   *
   * @throws IOException if the move fails, or the JVM is ending and everything is deleted already
   */
  synchronized void keep(Move move) throws IOException {
    if (!armed) {
      throw new IOException("the program was told to stop");
    }
    move.run();
    armed = false;
  }

  @Override
  public void close() {
    deleteOnce();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The JVM is ending: the hook runs, finds nothing to do and ends.
    }
  }

  private synchronized void deleteOnce() {
    if (armed) {
      armed = false;
      try {
        deletePatiently();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "{0} could not be removed: {1}", path, e.getMessage());
      }
    }
  }

  /** Deletes the path although another thread may still be adding files to it, as on Ctrl-C. */
  private void deletePatiently() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        deleteTree(path);
        return;
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /**
   * Deletes a file or a folder with everything in it; links are removed, not followed. Nothing
   * there is fine.
   */
  static void deleteTree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
