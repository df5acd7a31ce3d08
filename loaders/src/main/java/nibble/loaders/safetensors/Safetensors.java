package nibble.loaders.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.tensor.Tensor;

/**
 * One memory-mapped safetensors file, completely checked before the first tensor is handed out:
 * header of at most 100 MB inside the file, valid UTF-8 and JSON without duplicate keys, known
 * dtypes, shapes that match their bytes, and tensors that cover the data without holes or overlaps.
 * Mapping reads nothing but the header; pages come in when they are used.
 */
public final class Safetensors implements TensorFile {
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final Arena arena;
  private final Map<String, Tensor> tensors;
  private final Map<String, String> metadata;

  private Safetensors(
      Path file, Arena arena, Map<String, Tensor> tensors, Map<String, String> metadata) {
    this.file = file;
    this.arena = arena;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.metadata = metadata;
  }

  /**
   * Maps and checks {@code file}. The caller closes the result.
   *
   * @throws BadFileException if the file is missing, truncated or breaks a rule of the format
   */
  public static Safetensors open(Path file) {
    Arena arena = Arena.ofShared();
    try {
      return open(file, arena);
    } catch (IOException e) {
      arena.close();
      throw BadFileException.reading(file, e);
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  private static Safetensors open(Path file, Arena arena) throws IOException {
    MemorySegment mapped = map(file, arena);
    Header header = HeaderReader.read(file, headerBytes(file, mapped));
    MemorySegment data = mapped.asSlice(Header.LENGTH_BYTES + mapped.get(LENGTH, 0));
    header.requireTiling(file, data.byteSize());
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Entry entry : header.entries()) {
      MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.put(entry.name(), Tensor.ofSegment(bytes, entry.dtype(), entry.shape()));
    }
    return new Safetensors(file, arena, tensors, header.metadata());
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (!Files.isRegularFile(file)) {
      throw BadFileException.of(file, "is not a regular file, expected a safetensors file");
    }
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  private static byte[] headerBytes(Path file, MemorySegment mapped) {
    long available = mapped.byteSize() - Header.LENGTH_BYTES;
    if (available < 0) {
      throw BadFileException.of(
          file,
          "has %d bytes, expected at least 8; not a safetensors file".formatted(mapped.byteSize()));
    }
    long length = mapped.get(LENGTH, 0);
    if (length < 0 || length > Header.LONGEST) {
      throw BadFileException.of(
          file,
          "announces a header of %s bytes, allowed are %d; not a safetensors file"
              .formatted(Long.toUnsignedString(length), Header.LONGEST));
    }
    if (length > available) {
      throw BadFileException.of(
          file,
          "announces a header of %d bytes, but only %d follow; it may be truncated, fetch it again"
              .formatted(length, available));
    }
    return mapped.asSlice(Header.LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public String description() {
    return file.toString();
  }

  /** The file. */
  public Path file() {
    return file;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
