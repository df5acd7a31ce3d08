package nibble.loaders.safetensors;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;

/**
 * What the header of a file says.
 *
 * @param entries the tensors, in the order of the header
 * @param metadata the strings under {@code __metadata__}
 */
record Header(List<Entry> entries, Map<String, String> metadata) {
  /** Longest header accepted, in bytes; the limit of the reference implementation. */
  static final int LONGEST = 100_000_000;

  /** Bytes of the header's length, which comes first in the file. */
  static final int LENGTH_BYTES = 8;

  static final String METADATA = "__metadata__";

  /**
   * Checks that the tensors cover the {@code dataBytes} after the header completely, without holes
   * or overlaps.
   */
  void requireTiling(Path file, long dataBytes) {
    long end = 0;
    for (Entry entry :
        entries.stream()
            .sorted(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end))
            .toList()) {
      if (entry.begin() != end) {
        throw BadFileException.of(
            file,
            "tensor '%s' begins at byte %d of the data, expected %d: tensors must follow one another without holes or overlaps"
                .formatted(entry.name(), entry.begin(), end));
      }
      end = entry.end();
      if (end > dataBytes) {
        throw BadFileException.of(
            file,
            "tensor '%s' ends at byte %d of the data, but the file has only %d bytes of data; it may be truncated, fetch it again"
                .formatted(entry.name(), end, dataBytes));
      }
    }
    if (end != dataBytes) {
      throw BadFileException.of(
          file,
          "the last tensor ends at byte %d, but the file has %d bytes of data"
              .formatted(end, dataBytes));
    }
  }
}
