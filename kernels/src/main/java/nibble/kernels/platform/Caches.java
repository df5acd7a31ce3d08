package nibble.kernels.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sizes of the data caches that one processor has for itself, in bytes, read once. Linux tells
 * them; elsewhere, and where the answer makes no sense, small common sizes stand in: blocks are
 * then smaller than they could be, and results are the same.
 */
public final class Caches {
  private static final Path FIRST_PROCESSOR = Path.of("/sys/devices/system/cpu/cpu0/cache");
  private static final int DEFAULT_L1 = 32 << 10;
  private static final int DEFAULT_L2 = 512 << 10;

  /** First level. */
  public static final int L1 = clamp(read(1), 16 << 10, 256 << 10, DEFAULT_L1);

  /** Second level. */
  public static final int L2 = clamp(read(2), 128 << 10, 8 << 20, DEFAULT_L2);

  private Caches() {}

  private static int clamp(int bytes, int least, int most, int standard) {
    return bytes < least ? standard : Math.min(bytes, most);
  }

  /** Bytes of the data or unified cache of {@code level}; 0 if unknown. */
  private static int read(int level) {
    for (int index = 0; index < 8; index++) {
      Path cache = FIRST_PROCESSOR.resolve("index" + index);
      if (line(cache.resolve("level")).equals(Integer.toString(level))
          && !line(cache.resolve("type")).equals("Instruction")) {
        return bytes(line(cache.resolve("size")));
      }
    }
    return 0;
  }

  private static String line(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** {@code "48K"} or {@code "2M"} in bytes; 0 for anything else. */
  static int bytes(String size) {
    if (!size.matches("[0-9]{1,6}[KM]")) {
      return 0;
    }
    long count = Long.parseLong(size.substring(0, size.length() - 1));
    return (int) Math.min(Integer.MAX_VALUE, count << (size.endsWith("K") ? 10 : 20));
  }
}
