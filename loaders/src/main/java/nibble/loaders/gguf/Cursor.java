package nibble.loaders.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import nibble.loaders.BadFileException;

/**
 * Reads the header of a file from the front. Nothing is read beyond its end, and nothing larger
 * than what is left is allocated.
 */
final class Cursor {
  private final Path file;
  private final MemorySegment data;
  private long at;

  Cursor(Path file, MemorySegment data) {
    this.file = file;
    this.data = data;
  }

  /** Byte of the file that is next. */
  long position() {
    return at;
  }

  byte oneByte(String what) {
    return data.get(ValueLayout.JAVA_BYTE, advance(1, what));
  }

  short twoBytes(String what) {
    return data.get(Bits.SHORT, advance(2, what));
  }

  int fourBytes(String what) {
    return data.get(Bits.INT, advance(4, what));
  }

  long eightBytes(String what) {
    return data.get(Bits.LONG, advance(8, what));
  }

  /**
   * A count of things of at least {@code leastBytes} each, which therefore must fit into what is
   * left.
   */
  int count(String what, int leastBytes, long most) {
    long count = eightBytes(what);
    if (count < 0 || count > most || count > (data.byteSize() - at) / leastBytes) {
      throw error(
          "announces %s %s, but only %d bytes follow, and %d are allowed; it may be truncated or damaged"
              .formatted(Long.toUnsignedString(count), what, data.byteSize() - at, most));
    }
    return (int) count;
  }

  /** A string of at most {@code longest} bytes of UTF-8. */
  String string(String what, int longest) {
    int length = count("bytes of " + what, 1, longest);
    byte[] bytes = new byte[length];
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, advance(length, what), bytes, 0, length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new BadFileException(
          "%s: %s before byte %d is not valid UTF-8".formatted(file, what, at), e);
    }
  }

  private long advance(long bytes, String what) {
    long from = at;
    if (data.byteSize() - from < bytes) {
      throw error("ends within %s; it may be truncated, fetch it again".formatted(what));
    }
    at = from + bytes;
    return from;
  }

  BadFileException error(String problem) {
    return BadFileException.of(file, problem);
  }
}
