package nibble.loaders.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import nibble.loaders.WriteFailedException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps other downloads of the same content out, of this process and of other ones: they wait, and
 * find it there. The file stays; what counts is the lock on it, which the system drops when a
 * process ends.
 */
final class BlobLock implements AutoCloseable {
  private static final long PAUSE_MILLIS = 100;

  private final FileChannel channel;

  private BlobLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the lock on {@code file}; says so through {@code waiting} if somebody else has it.
   */
  static BlobLock acquire(Path file, Runnable waiting) throws InterruptedException {
    FileChannel channel = open(file);
    boolean told = false;
    try {
      while (tryLock(channel) == null) {
        if (!told) {
          waiting.run();
          told = true;
        }
        Thread.sleep(PAUSE_MILLIS);
      }
      return new BlobLock(channel);
    } catch (IOException e) {
      closeQuietly(channel);
      throw WriteFailedException.of(file, e);
    } catch (InterruptedException | RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static FileChannel open(Path file) {
    try {
      Files.createDirectories(file.getParent());
      return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null; // another thread of this process has it
    }
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing was written through it.
    }
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }
}
