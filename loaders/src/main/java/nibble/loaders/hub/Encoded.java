package nibble.loaders.hub;

import java.nio.charset.StandardCharsets;

/** Names as they stand in the path of an address. */
final class Encoded {
  private static final String PLAIN =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

  private Encoded() {}

  /** {@code text} with everything encoded but letters, digits and {@code - . _ ~}. */
  static String part(String text) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      if (PLAIN.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append("%%%02X".formatted((int) c));
      }
    }
    return encoded.toString();
  }

  /** {@code path} encoded name by name. */
  static String path(String path) {
    StringBuilder encoded = new StringBuilder();
    for (String name : path.split("/", -1)) {
      encoded.append('/').append(part(name));
    }
    return encoded.toString();
  }
}
