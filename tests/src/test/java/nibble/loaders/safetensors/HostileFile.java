package nibble.loaders.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Builds safetensors files by hand, byte for byte as told. */
final class HostileFile {
  private HostileFile() {}

  static byte[] bytes(String header, int dataBytes) {
    return bytes(header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  static byte[] bytes(byte[] header, int dataBytes) {
    return bytes(header.length, header, dataBytes);
  }

  static byte[] bytes(long announced, byte[] header, int dataBytes) {
    return ByteBuffer.allocate(8 + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(announced)
        .put(header)
        .array();
  }

  static Path write(Path folder, byte[] content) throws IOException {
    return Files.write(folder.resolve("model.safetensors"), content);
  }
}
