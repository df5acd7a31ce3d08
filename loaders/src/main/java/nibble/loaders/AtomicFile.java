package nibble.loaders;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes files that appear whole or not at all: the content goes to a temporary file in the same
 * folder, is forced to the device, and is renamed to the final name at the end. On failure, and
 * when the JVM ends in between, the temporary file is removed.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /**
   * Writes the content of a file to {@code channel}, which is open, empty and closed by the caller.
   */
  @FunctionalInterface
  public interface Content {
    /** Writes everything. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Writes {@code bytes} to {@code file}, replacing what was there. */
  public static void write(Path file, byte[] bytes) {
    write(file, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes {@code content} to {@code file}, replacing what was there.
   *
   * @throws WriteFailedException if the folder is missing or read-only, the device is full ...; an
   *     existing file is then unchanged
   */
  public static void write(Path file, Content content) {
    Path name = file.getFileName();
    if (name == null || Files.isDirectory(file)) {
      throw new WriteFailedException(
          file + ": cannot be written: it is a folder, expected a file name", null);
    }
    Path temporary =
        file.resolveSibling(
            "." + name + "." + UUID.randomUUID().toString().substring(0, 8) + ".tmp");
    try (Cleanup cleanup = Cleanup.of(temporary)) {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      cleanup.keep(() -> rename(temporary, file));
    } catch (IOException | UnsupportedOperationException e) {
      throw WriteFailedException.of(file, e);
    }
  }

  /** Writes what remains of {@code bytes}. */
  public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void rename(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException _) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
