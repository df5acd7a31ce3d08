package nibble.loaders.tokenizer.core;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The 256 visible characters that byte-level vocabularies write bytes with: printable Latin-1
 * characters stand for themselves, the other bytes for U+0100 and following (GPT-2, {@code
 * bytes_to_unicode}).
 */
public final class ByteAlphabet {
  private static final char[] OF_BYTE = new char[256];
  private static final short[] TO_BYTE = new short[0x200];

  static {
    java.util.Arrays.fill(TO_BYTE, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      OF_BYTE[b] = printable ? (char) b : (char) next++;
      TO_BYTE[OF_BYTE[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The character that stands for byte {@code b}, 0 to 255. */
  public static char character(int b) {
    return OF_BYTE[b];
  }

  /** The byte that {@code c} stands for; -1 if none. */
  public static int toByte(char c) {
    return c < TO_BYTE.length ? TO_BYTE[c] : -1;
  }

  /** {@code text} with every character replaced by those of its UTF-8 bytes. */
  public static AlignedText encode(AlignedText text) {
    String source = text.text();
    if (Chars.isAscii(source)) {
      return text.withText(asciiToAlphabet(source));
    }
    AlignedBuilder result = new AlignedBuilder(text);
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int next = i + Character.charCount(c);
      addBytes(result, c, i, next);
      i = next;
    }
    return result.build();
  }

  private static String asciiToAlphabet(String text) {
    char[] mapped = text.toCharArray();
    for (int i = 0; i < mapped.length; i++) {
      mapped[i] = OF_BYTE[mapped[i]];
    }
    return new String(mapped);
  }

  private static void addBytes(AlignedBuilder result, int c, int from, int to) {
    if (c < 0x80) {
      result.add(OF_BYTE[c], from, to);
    } else if (c < 0x800) {
      result.add(OF_BYTE[0xC0 | c >> 6], from, to);
      result.add(OF_BYTE[0x80 | c & 0x3F], from, to);
    } else if (c < 0x10000) {
      result.add(OF_BYTE[0xE0 | c >> 12], from, to);
      result.add(OF_BYTE[0x80 | c >> 6 & 0x3F], from, to);
      result.add(OF_BYTE[0x80 | c & 0x3F], from, to);
    } else {
      result.add(OF_BYTE[0xF0 | c >> 18], from, to);
      result.add(OF_BYTE[0x80 | c >> 12 & 0x3F], from, to);
      result.add(OF_BYTE[0x80 | c >> 6 & 0x3F], from, to);
      result.add(OF_BYTE[0x80 | c & 0x3F], from, to);
    }
  }

  /** {@code text} in the alphabet. */
  public static String encode(String text) {
    return encode(AlignedText.of(text)).text();
  }

  /** The bytes that {@code token} stands for; null if a character of it is not in the alphabet. */
  public static byte @Nullable [] decode(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      int b = toByte(token.charAt(i));
      if (b < 0) {
        return null;
      }
      bytes[i] = (byte) b;
    }
    return bytes;
  }

  /** UTF-8 of {@code token} as it stands. */
  public static byte[] utf8(String token) {
    return token.getBytes(StandardCharsets.UTF_8);
  }
}
