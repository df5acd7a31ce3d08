package nibble.loaders;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Deletes a temporary file or folder when closed, and also when the JVM ends first (Ctrl-C), unless disarmed. */
final class Cleanup implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Cleanup.class.getName());

  private static final int ATTEMPTS = 20;
  private static final long PAUSE_NANOS = 10_000_000;

  private final Path path;
  private final AtomicBoolean armed = new AtomicBoolean(true);
  private final Thread hook;

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

  /** Keeps the path from now on. */
  void disarm() {
    armed.set(false);
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

  private void deleteOnce() {
    if (armed.compareAndSet(true, false)) {
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

  /** Deletes a file or a folder with everything in it; links are removed, not followed. Nothing there is fine. */
  static void deleteTree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(path, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        Files.deleteIfExists(file);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) throws IOException {
        if (e != null) {
          throw e;
        }
        Files.deleteIfExists(folder);
        return FileVisitResult.CONTINUE;
      }
    });
  }
}
