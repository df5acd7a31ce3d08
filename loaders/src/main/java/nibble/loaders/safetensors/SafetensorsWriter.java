package nibble.loaders.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import nibble.loaders.AtomicFile;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.tensor.DType;
import nibble.tensor.Tensor;

/**
 * Writes safetensors files. Equal tensors and metadata give equal bytes: tensors are ordered by
 * dtype, widest first, then by name, as the reference implementation does it; metadata is ordered
 * by key; the header is padded with spaces to a multiple of 8 bytes. The file appears whole or not
 * at all, and an existing file is replaced in one step. Working memory is 1 MB, however large the
 * tensors are.
 */
public final class SafetensorsWriter {
  private static final int CHUNK = 1 << 20;
  private static final int ALIGNMENT = 8;

  /** Widest first; the order in which the reference implementation lists them. */
  private static final List<DType> ORDER =
      List.of(
          DType.I64,
          DType.F64,
          DType.F32,
          DType.I32,
          DType.BF16,
          DType.F16,
          DType.I16,
          DType.F8_E4M3,
          DType.F8_E5M2,
          DType.I8,
          DType.U8,
          DType.BOOL);

  private SafetensorsWriter() {}

  /**
   * Writes {@code tensors} to {@code file}.
   *
   * @throws IllegalArgumentException if a tensor other than F32 is a strided view, or a name is not
   *     allowed
   * @throws nibble.loaders.WriteFailedException if the file cannot be written; nothing is left
   *     behind then
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    write(
        file,
        tensors.entrySet().stream()
            .map(entry -> TensorSource.of(entry.getKey(), entry.getValue()))
            .toList(),
        metadata);
  }

  /**
   * Writes {@code tensors} to {@code file}, asking for the data of one after the other. What a
   * source throws passes through, and nothing is left behind then.
   *
   * @throws IllegalArgumentException if two sources have the same name, or a source gives something
   *     else than it promised
   * @throws nibble.loaders.WriteFailedException if the file cannot be written; nothing is left
   *     behind then
   */
  public static void write(
      Path file, Collection<TensorSource> tensors, Map<String, String> metadata) {
    List<TensorSource> ordered =
        tensors.stream()
            .sorted(
                Comparator.comparingInt((TensorSource t) -> ORDER.indexOf(t.dtype()))
                    .thenComparing(t -> utf8(t.name()), Arrays::compareUnsigned))
            .toList();
    ByteBuffer header = header(ordered, metadata);
    AtomicFile.write(
        file,
        channel -> {
          AtomicFile.writeFully(channel, header);
          ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
          for (TensorSource source : ordered) {
            writeData(channel, chunk, contiguous(source));
          }
        });
  }

  private static ByteBuffer header(List<TensorSource> tensors, Map<String, String> metadata) {
    JsonObject.Builder json = JsonObject.builder();
    if (!metadata.isEmpty()) {
      JsonObject.Builder strings = JsonObject.builder();
      new TreeMap<>(metadata).forEach(strings::put);
      json.put(Header.METADATA, strings.build());
    }
    Set<String> names = new HashSet<>();
    long at = 0;
    for (TensorSource tensor : tensors) {
      if (tensor.name().equals(Header.METADATA) || !names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "tensor name '" + tensor.name() + "' is reserved or used twice");
      }
      long end = Math.addExact(at, tensor.bytes());
      json.put(tensor.name(), entry(tensor, at, end));
      at = end;
    }
    byte[] text = utf8(Json.compact(json.build()));
    int length = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (length > Header.LONGEST) {
      throw new IllegalArgumentException(
          "the header would take %d bytes, allowed are %d".formatted(length, Header.LONGEST));
    }
    byte[] padded = Arrays.copyOf(text, length);
    Arrays.fill(padded, text.length, length, (byte) ' ');
    return ByteBuffer.allocate(Header.LENGTH_BYTES + length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(padded)
        .flip();
  }

  private static JsonObject entry(TensorSource tensor, long begin, long end) {
    return JsonObject.builder()
        .put("dtype", tensor.dtype().name())
        .put("shape", JsonArray.ofInts(tensor.shape().dims()))
        .put("data_offsets", JsonArray.of(List.of(JsonNumber.of(begin), JsonNumber.of(end))))
        .build();
  }

  private static MemorySegment contiguous(TensorSource source) {
    Tensor tensor = source.data().get();
    if (tensor.dtype() != source.dtype() || !tensor.shape().equals(source.shape())) {
      throw new IllegalArgumentException(
          "tensor '%s' is %s, expected %s %s"
              .formatted(source.name(), tensor, source.dtype(), source.shape()));
    }
    if (!tensor.isContiguous() && tensor.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "tensor '%s' is a strided view of %s; copy it first".formatted(source.name(), tensor));
    }
    return tensor.isContiguous() ? tensor.segment() : tensor.toF32().segment();
  }

  private static void writeData(FileChannel channel, ByteBuffer chunk, MemorySegment data)
      throws IOException {
    for (long at = 0; at < data.byteSize(); at += CHUNK) {
      int bytes = (int) Math.min(CHUNK, data.byteSize() - at);
      MemorySegment.copy(data, at, MemorySegment.ofBuffer(chunk.clear()), 0, bytes);
      AtomicFile.writeFully(channel, chunk.limit(bytes));
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
