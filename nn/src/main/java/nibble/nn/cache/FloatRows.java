package nibble.nn.cache;

import java.util.Arrays;

/** The float keys and values of a few tokens: token {@code t} in slot {@code t mod tokens}. */
final class FloatRows {
  private final int width;
  private final float[] keys;
  private final float[] values;
  private final int[] held;

  FloatRows(int tokens, int width) {
    this(
        width,
        new float[Math.multiplyExact(tokens, width)],
        new float[tokens * width],
        new int[tokens]);
    Arrays.fill(held, -1);
  }

  private FloatRows(int width, float[] keys, float[] values, int[] held) {
    this.width = width;
    this.keys = keys;
    this.values = values;
    this.held = held;
  }

  FloatRows copy() {
    return new FloatRows(width, keys.clone(), values.clone(), held.clone());
  }

  long bytes() {
    return 8L * keys.length + 4L * held.length;
  }

  void keepFirst(int token, float[] row, int at, boolean ofKeys) {
    if (token < held.length) {
      keep(token, row, at, ofKeys);
    }
  }

  void keep(int token, float[] row, int at, boolean ofKeys) {
    if (held.length > 0) {
      int slot = token % held.length;
      System.arraycopy(row, at, ofKeys ? keys : values, slot * width, width);
      held[slot] = token;
    }
  }

  /** Overwrites {@code to} if the token is still here. */
  void read(int token, boolean ofKeys, int channel, int count, float[] to, int at) {
    int slot = token % held.length;
    if (held[slot] == token) {
      System.arraycopy(ofKeys ? keys : values, slot * width + channel, to, at, count);
    }
  }
}
