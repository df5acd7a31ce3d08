package nibble.loaders.tokenizer.model;

import org.jspecify.annotations.Nullable;

/**
 * The tokens {@code <0x00>} to {@code <0xFF>} that stand for single bytes where no other token
 * fits.
 */
public final class ByteTokens {
  private final int[] ids = new int[256];

  private ByteTokens(Vocabulary vocabulary) {
    for (int b = 0; b < ids.length; b++) {
      ids[b] = vocabulary.id("<0x%02X>".formatted(b));
    }
  }

  /** Those of {@code vocabulary}, which may lack some. */
  public static ByteTokens of(Vocabulary vocabulary) {
    return new ByteTokens(vocabulary);
  }

  /** The ids of all {@code bytes}; null if one has no token. */
  public int @Nullable [] ids(byte[] bytes) {
    int[] result = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      result[i] = ids[bytes[i] & 0xFF];
      if (result[i] < 0) {
        return null;
      }
    }
    return result;
  }
}
