package nibble.loaders.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import nibble.loaders.BadFileException;

/**
 * One memory-mapped GGUF file of version 2 or 3, little-endian, completely checked before the first
 * tensor is handed out: counts and lengths within the file, known types, aligned tensors within the
 * data that do not overlap. Mapping reads nothing but the header. Safe for use by several threads.
 */
public final class GgufFile implements AutoCloseable {
  private final Path file;
  private final Arena arena;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;

  private GgufFile(Path file, Arena arena, GgufMetadata metadata, Map<String, GgufTensor> tensors) {
    this.file = file;
    this.arena = arena;
    this.metadata = metadata;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Maps and checks {@code file}. The caller closes the result.
   *
   * @throws BadFileException if the file is missing, truncated, breaks a rule of the format, or has
   *     tensors of a type that cannot be read
   */
  public static GgufFile open(Path file) {
    Arena arena = Arena.ofShared();
    try {
      GgufHeader header = GgufHeader.read(file, map(file, arena));
      return new GgufFile(file, arena, header.metadata(), header.tensors());
    } catch (IOException e) {
      arena.close();
      throw BadFileException.reading(file, e);
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (!Files.isRegularFile(file)) {
      throw BadFileException.of(file, "is not a regular file, expected a GGUF file");
    }
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /** The file. */
  public Path file() {
    return file;
  }

  /** The metadata. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** All tensors by name, in the order of the file; unmodifiable. */
  public Map<String, GgufTensor> tensors() {
    return tensors;
  }

  /**
   * The tensor called {@code name}.
   *
   * @throws BadFileException if there is none
   */
  public GgufTensor tensor(String name) {
    GgufTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw BadFileException.of(
          file, "tensor '%s' is missing (the file has %d tensors)".formatted(name, tensors.size()));
    }
    return tensor;
  }

  /** Unmaps the file. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
