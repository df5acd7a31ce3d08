package nibble.loaders.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import nibble.loaders.BadFileException;

/**
 * Walks over the chunks of a PNG file, so that truncation and damage show before anything is
 * decoded.
 */
final class PngChunks {
  private static final int SIGNATURE_BYTES = 8;
  private static final int FRAME_BYTES = 12; // length, type and checksum
  private static final int HEADER = 0x49484452; // IHDR
  private static final int END = 0x49454E44; // IEND
  private static final int ANCILLARY = 0x20000000; // lower-case first letter

  private PngChunks() {}

  /**
   * Checks that one header comes first, critical chunks have the right checksum, and the end chunk
   * is there.
   */
  static void check(String source, byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content);
    int at = SIGNATURE_BYTES;
    while (true) {
      if (content.length - at < FRAME_BYTES) {
        throw new BadFileException(source + ": truncated PNG: it ends without an end chunk");
      }
      int length = bytes.getInt(at);
      int type = bytes.getInt(at + 4);
      if (length < 0 || length > content.length - at - FRAME_BYTES) {
        throw new BadFileException(
            source
                + ": truncated PNG: a chunk of "
                + Integer.toUnsignedString(length)
                + " bytes is not complete");
      }
      if ((type == HEADER) != (at == SIGNATURE_BYTES) || type == HEADER && length != 13) {
        throw new BadFileException(
            source + ": damaged PNG: it needs exactly one header chunk, at the beginning");
      }
      if ((type & ANCILLARY) == 0
          && checksum(content, at + 4, length + 4) != bytes.getInt(at + 8 + length)) {
        throw new BadFileException(
            source + ": damaged PNG: the checksum of the chunk at byte " + at + " is wrong");
      }
      if (type == END) {
        return;
      }
      at += FRAME_BYTES + length;
    }
  }

  private static int checksum(byte[] content, int at, int length) {
    CRC32 crc = new CRC32();
    crc.update(content, at, length);
    return (int) crc.getValue();
  }
}
