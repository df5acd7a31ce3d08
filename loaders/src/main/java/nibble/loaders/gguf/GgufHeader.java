package nibble.loaders.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.tensor.Shape;

/**
 * What stands before the data of a file.
 *
 * @param metadata keys and values
 * @param tensors by name, in the order of the file
 */
record GgufHeader(GgufMetadata metadata, Map<String, GgufTensor> tensors) {
  /** "GGUF" as a little-endian number. */
  static final int MAGIC = 0x46554747;

  private static final int LEAST_VERSION = 2;
  private static final int LATEST_VERSION = 3;
  private static final int MOST_KEYS = 100_000;
  private static final int MOST_TENSORS = 1_000_000;
  private static final int MOST_AXES = 4;
  private static final int LONGEST_NAME = 65_535;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final String ALIGNMENT = "general.alignment";

  /** Where a tensor is, before the beginning of the data is known. */
  private record Entry(String name, GgufType type, Shape shape, long offset, long bytes) {
    long end() {
      return offset + bytes;
    }
  }

  /** Reads and checks the header of {@code file}, which is mapped as {@code mapped}. */
  static GgufHeader read(Path file, MemorySegment mapped) {
    Cursor in = new Cursor(file, mapped);
    checkBeginning(in);
    int tensorCount = in.count("tensors", 24, MOST_TENSORS);
    int keyCount = in.count("keys", 13, MOST_KEYS);
    GgufMetadata metadata = new GgufMetadata(file.toString(), MetadataReader.read(in, keyCount));
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < tensorCount; i++) {
      entries.add(entry(in));
    }
    long alignment = alignment(metadata);
    long data = Math.ceilDiv(in.position(), alignment) * alignment;
    checkPlaces(in, entries, alignment, mapped.byteSize() - data);
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      MemorySegment bytes =
          entry.bytes() == 0
              ? MemorySegment.ofArray(new byte[0])
              : mapped.asSlice(data + entry.offset(), entry.bytes());
      if (tensors.put(
              entry.name(), new GgufTensor(entry.name(), entry.type(), entry.shape(), bytes))
          != null) {
        throw in.error("has two tensors called '" + entry.name() + "'");
      }
    }
    return new GgufHeader(metadata, tensors);
  }

  private static void checkBeginning(Cursor in) {
    if (in.fourBytes("the header") != MAGIC) {
      throw in.error("does not begin with 'GGUF'; not a GGUF file");
    }
    int version = in.fourBytes("the header");
    if (Integer.reverseBytes(version) >= 1 && Integer.reverseBytes(version) <= LATEST_VERSION) {
      throw in.error("is big-endian; only little-endian files can be read");
    }
    if (version < LEAST_VERSION || version > LATEST_VERSION) {
      throw in.error(
          "has version %s of GGUF, expected %d to %d; convert it with llama.cpp"
              .formatted(Integer.toUnsignedString(version), LEAST_VERSION, LATEST_VERSION));
    }
  }

  private static Entry entry(Cursor in) {
    String name = in.string("a tensor's name", LONGEST_NAME);
    int axes = in.fourBytes("tensor '" + name + "'");
    if (axes < 0 || axes > MOST_AXES) {
      throw in.error(
          "tensor '%s' has %s axes, expected 0 to %d"
              .formatted(name, Integer.toUnsignedString(axes), MOST_AXES));
    }
    long[] lengths = new long[axes];
    for (int i = 0; i < axes; i++) {
      lengths[axes - 1 - i] = in.eightBytes("tensor '" + name + "'");
    }
    int id = in.fourBytes("tensor '" + name + "'");
    long offset = in.eightBytes("tensor '" + name + "'");
    Optional<GgufType> type = GgufType.of(id);
    if (type.isEmpty()) {
      throw in.error(
          "tensor '%s' has number type %s, expected one of %s; requantize the model to one of these"
              .formatted(name, Integer.toUnsignedString(id), GgufType.names()));
    }
    Shape shape = shape(in, name, lengths);
    return new Entry(name, type.get(), shape, offset, bytes(in, name, type.get(), shape));
  }

  private static Shape shape(Cursor in, String name, long[] lengths) {
    int[] dims = new int[lengths.length];
    for (int i = 0; i < dims.length; i++) {
      if (lengths[i] < 0 || lengths[i] > Integer.MAX_VALUE) {
        throw in.error(
            "tensor '%s' has an axis of %s, expected 0 to %d"
                .formatted(name, Long.toUnsignedString(lengths[i]), Integer.MAX_VALUE));
      }
      dims[i] = (int) lengths[i];
    }
    try {
      return Shape.of(dims);
    } catch (ArithmeticException _) {
      throw in.error("tensor '%s' has a shape whose size overflows 64 bits".formatted(name));
    }
  }

  private static long bytes(Cursor in, String name, GgufType type, Shape shape) {
    int row = shape.rank() == 0 ? 1 : shape.dim(-1);
    if (row % type.blockValues() != 0) {
      throw in.error(
          "tensor '%s' is %s with rows of %d values, expected a multiple of %d"
              .formatted(name, type, row, type.blockValues()));
    }
    try {
      return Math.multiplyExact(shape.size() / type.blockValues(), type.blockBytes());
    } catch (ArithmeticException _) {
      throw in.error("tensor '%s' has a shape whose size overflows 64 bits".formatted(name));
    }
  }

  private static long alignment(GgufMetadata metadata) {
    int alignment = metadata.findInteger(ALIGNMENT).orElse(DEFAULT_ALIGNMENT);
    if (alignment < 1 || Integer.bitCount(alignment) != 1) {
      throw metadata.error(ALIGNMENT, "is " + alignment + ", expected a power of two");
    }
    return alignment;
  }

  private static void checkPlaces(Cursor in, List<Entry> entries, long alignment, long dataBytes) {
    long end = 0;
    for (Entry entry : entries.stream().sorted(Comparator.comparingLong(Entry::offset)).toList()) {
      if (entry.offset() < 0 || entry.offset() % alignment != 0) {
        throw in.error(
            "tensor '%s' begins at byte %s of the data, expected a multiple of %d"
                .formatted(entry.name(), Long.toUnsignedString(entry.offset()), alignment));
      }
      if (entry.offset() < end) {
        throw in.error(
            "tensor '%s' begins at byte %d of the data, within the tensor before it, which ends at %d"
                .formatted(entry.name(), entry.offset(), end));
      }
      if (entry.bytes() > dataBytes || entry.offset() > dataBytes - entry.bytes()) {
        throw in.error(
            "tensor '%s' ends at byte %s of the data, but the file has only %d; it may be truncated, fetch it again"
                .formatted(
                    entry.name(), Long.toUnsignedString(entry.end()), Math.max(0, dataBytes)));
      }
      end = entry.end();
    }
  }
}
