package nibble.loaders.tokenizer.normalize;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The {@code precompiled_charsmap} of SentencePiece: replacements of byte sequences, as a
 * double-array trie (darts-clone) followed by the replacements, each with a zero at its end.
 *
 * <p>The layout of a trie unit: bits 0 to 7 label, bit 8 "a value follows", bit 9 "offset counts
 * 256s", bits 10 to 31 offset; in a value unit bit 31 is set and the others are the position of the
 * replacement.
 */
public final class CharsMap {
  /** Replaces nothing. */
  public static final CharsMap EMPTY = new CharsMap(new int[0], new byte[0]);

  private static final int HEADER = 4;

  private final int[] units;
  private final byte[] replacements;

  private CharsMap(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /** What a byte sequence becomes. */
  public record Match(int bytes, String replacement) {}

  /**
   * The map in {@code blob}; empty if the blob is not a whole one. A blob without bytes is a map
   * without replacements.
   */
  public static Optional<CharsMap> of(byte[] blob) {
    if (blob.length == 0) {
      return Optional.of(EMPTY);
    }
    ByteBuffer in = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN);
    if (blob.length < HEADER) {
      return Optional.empty();
    }
    long trie = Integer.toUnsignedLong(in.getInt());
    if (trie % Integer.BYTES != 0 || trie > blob.length - HEADER) {
      return Optional.empty();
    }
    int[] units = new int[(int) trie / Integer.BYTES];
    for (int i = 0; i < units.length; i++) {
      units[i] = in.getInt();
    }
    byte[] replacements = new byte[in.remaining()];
    in.get(replacements);
    return Optional.of(new CharsMap(units, replacements));
  }

  /**
   * The shortest sequence of the map that {@code bytes[from, to)} begins with; null if there is
   * none.
   */
  public @Nullable Match shortest(byte[] bytes, int from, int to) {
    return search(bytes, from, to, true);
  }

  /**
   * The longest sequence of the map that {@code bytes[from, to)} begins with; null if there is
   * none.
   */
  public @Nullable Match longest(byte[] bytes, int from, int to) {
    return search(bytes, from, to, false);
  }

  private @Nullable Match search(byte[] bytes, int from, int to, boolean shortest) {
    int found = -1;
    int length = 0;
    if (units.length == 0) {
      return null;
    }
    int node = offset(units[0]);
    for (int i = from; i < to && bytes[i] != 0; i++) {
      node ^= bytes[i] & 0xFF;
      if (node >= units.length || label(units[node]) != (bytes[i] & 0xFF)) {
        break;
      }
      int unit = units[node];
      node ^= offset(unit);
      if (hasValue(unit) && node < units.length) {
        found = units[node] & 0x7FFFFFFF;
        length = i + 1 - from;
        if (shortest) {
          break;
        }
      }
    }
    return found < 0 || found >= replacements.length ? null : new Match(length, replacement(found));
  }

  private String replacement(int at) {
    int end = at;
    while (end < replacements.length && replacements[end] != 0) {
      end++;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(replacements, at, end - at))
          .toString();
    } catch (CharacterCodingException _) {
      return "\uFFFD"; // only in a damaged file
    }
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 1 << 9) >>> 6);
  }

  private static int label(int unit) {
    return unit & (1 << 31 | 0xFF);
  }

  private static boolean hasValue(int unit) {
    return (unit >>> 8 & 1) == 1;
  }
}
