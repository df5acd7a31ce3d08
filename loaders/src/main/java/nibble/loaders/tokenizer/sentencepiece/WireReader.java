package nibble.loaders.tokenizer.sentencepiece;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import nibble.loaders.BadFileException;

/**
 * Reads fields of one protobuf message (wire format: a varint {@code field << 3 | kind}, then a
 * varint, 8 bytes, a length with bytes, or 4 bytes). Never reads beyond the message; whatever does
 * not fit is a {@link BadFileException} that names the place.
 */
final class WireReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final String source;
  private final ByteBuffer in;
  private int kind;

  WireReader(String source, ByteBuffer message) {
    this.source = source;
    in = message.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The number of the next field; 0 at the end. Its value has to be read or skipped next. */
  int next() {
    if (!in.hasRemaining()) {
      return 0;
    }
    long tag = varint();
    kind = (int) (tag & 7);
    long field = tag >>> 3;
    if (field < 1 || field > 0x1FFFFFFF) {
      throw error("has field number " + field);
    }
    return (int) field;
  }

  /** The message of the field. */
  WireReader message(String name) {
    return new WireReader(source + ": " + name, bytes());
  }

  /** The string of the field, of at most {@code most} bytes. */
  String string(int most) {
    ByteBuffer bytes = bytes();
    if (bytes.remaining() > most) {
      throw error("has a string of %d bytes, allowed are %d".formatted(bytes.remaining(), most));
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException _) {
      throw error("has a string that is not valid UTF-8");
    }
  }

  /** The bytes of the field; a copy. */
  byte[] byteArray() {
    ByteBuffer bytes = bytes();
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return copy;
  }

  /** The 32-bit integer of the field. */
  int integer() {
    require(VARINT, "an integer");
    long value = varint();
    if (value != (int) value) {
      throw error("has an integer of more than 32 bits");
    }
    return (int) value;
  }

  /** The truth value of the field. */
  boolean bool() {
    require(VARINT, "a truth value");
    return varint() != 0;
  }

  /** The float of the field. */
  float number() {
    require(FIXED32, "a float");
    need(Float.BYTES);
    float value = in.getFloat();
    if (!Float.isFinite(value)) {
      throw error("has the number " + value);
    }
    return value;
  }

  /** Passes over the field. */
  void skip() {
    switch (kind) {
      case VARINT -> varint();
      case FIXED64 -> skip(Long.BYTES);
      case BYTES -> bytes();
      case FIXED32 -> skip(Integer.BYTES);
      default -> throw error("has a field of wire type " + kind);
    }
  }

  private void skip(int bytes) {
    need(bytes);
    in.position(in.position() + bytes);
  }

  private ByteBuffer bytes() {
    require(BYTES, "bytes");
    long length = varint();
    if (length < 0 || length > in.remaining()) {
      throw error(
          "announces %s bytes, but only %d follow"
              .formatted(Long.toUnsignedString(length), in.remaining()));
    }
    ByteBuffer bytes = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return bytes;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      need(1);
      byte b = in.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw error("has an integer of more than 10 bytes");
  }

  private void need(int bytes) {
    if (in.remaining() < bytes) {
      throw error("ends too early");
    }
  }

  private void require(int expected, String what) {
    if (kind != expected) {
      throw error("has a field of wire type %d, expected %s".formatted(kind, what));
    }
  }

  BadFileException error(String problem) {
    return new BadFileException(source + ": " + problem);
  }
}
