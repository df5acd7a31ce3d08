package nibble.loaders.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import nibble.loaders.WriteFailedException;

/**
 * The beginning of a blob, in a file beside it that a later run goes on with, whatever ended this
 * one. What the server called that version of the content is kept in a second file, so that a run
 * does not continue another version.
 */
final class PartialFile implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final Path blob;
  private final Path file;
  private final Path versionFile;
  private final FileChannel channel;
  private final Checksum checksum;
  private final long size;
  private MessageDigest digest;
  private long length;

  private PartialFile(
      Path blob, Path file, Path versionFile, FileChannel channel, Checksum checksum, long size) {
    this.blob = blob;
    this.file = file;
    this.versionFile = versionFile;
    this.channel = channel;
    this.checksum = checksum;
    this.size = size;
    digest = checksum.start(size);
  }

  /** Where the beginning of {@code blob} is kept. */
  static Path of(Path blob) {
    return blob.resolveSibling(blob.getFileName() + ".incomplete");
  }

  /** Opens what is there, or begins. */
  static PartialFile open(Path blob, Checksum checksum, long size) {
    Path file = of(blob);
    try {
      Files.createDirectories(blob.getParent());
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      return new PartialFile(
          blob,
          file,
          blob.resolveSibling(blob.getFileName() + ".version"),
          channel,
          checksum,
          size);
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
  }

  /** Reads what is there, to know its length and hash. To be called first. */
  void readThrough() {
    try {
      if (channel.size() > size) {
        restart();
        return;
      }
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
      while (channel.read(chunk.clear()) >= 0) {
        length += chunk.position();
        digest.update(chunk.flip());
      }
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
  }

  /** Bytes that are there. */
  long length() {
    return length;
  }

  /** Forgets what is there. */
  void restart() {
    try {
      channel.truncate(0).position(0);
      Files.deleteIfExists(versionFile);
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
    digest = checksum.start(size);
    length = 0;
  }

  /** What the server called the version of which the beginning is here. */
  Optional<String> version() {
    try {
      return Files.isRegularFile(versionFile)
          ? Optional.of(Files.readString(versionFile).strip()).filter(v -> !v.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      throw WriteFailedException.of(versionFile, e);
    }
  }

  /** Remembers what the server calls the version that comes. */
  void remember(String version) {
    try {
      Files.writeString(versionFile, version);
    } catch (IOException e) {
      throw WriteFailedException.of(versionFile, e);
    }
  }

  /** Adds bytes at the end. */
  void append(ByteBuffer bytes) {
    digest.update(bytes.duplicate());
    try {
      while (bytes.hasRemaining()) {
        length += channel.write(bytes);
      }
    } catch (IOException e) {
      throw WriteFailedException.of(blob, e);
    }
  }

  /** The hash of what is there, in hexadecimal. To be asked once, when all bytes are there. */
  String hash() {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Gives the whole content its final name. */
  void complete() {
    try {
      channel.force(true);
      channel.close();
      Files.move(file, blob, StandardCopyOption.ATOMIC_MOVE);
      Files.deleteIfExists(versionFile);
    } catch (IOException e) {
      throw WriteFailedException.of(blob, e);
    }
  }

  /** Closes the file, which stays for the next run. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw WriteFailedException.of(file, e);
    }
  }
}
