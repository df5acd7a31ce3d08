package nibble.nn.cache;

import java.util.Arrays;

/**
 * The rows that a {@link RowCodec} stores, one for each token, with their outliers: channel and
 * value, at most {@link RowCodec#mostOutliers} a row. Rows may be written by several threads, each
 * its own.
 */
final class CodeRows {
  private final RowCodec codec;
  private final int width;
  private final int codeBytes;
  private final int numbersOfRow;
  private final int most;
  private final byte[] codes;
  private final short[] numbers;
  private final char[] counts;
  private final char[] channels;
  private final float[] values;

  CodeRows(RowCodec codec, int width, int capacity) {
    this.codec = codec;
    this.width = width;
    codeBytes = codec.codeBytes(width);
    numbersOfRow = codec.numbers(width);
    most = codec.mostOutliers(width);
    codes = new byte[Math.multiplyExact(capacity, codeBytes)];
    numbers = new short[Math.multiplyExact(capacity, numbersOfRow)];
    counts = new char[most == 0 ? 0 : capacity];
    if (most > 0 && width > Character.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a cache with outliers has at most %d channels, the layer has %d"
              .formatted((int) Character.MAX_VALUE, width));
    }
    channels = new char[Math.multiplyExact(capacity, most)];
    values = new float[channels.length];
  }

  /** The first {@code length} rows in memory for {@code capacity}. */
  CodeRows copy(int capacity, int length) {
    CodeRows copy = new CodeRows(codec, width, capacity);
    System.arraycopy(codes, 0, copy.codes, 0, length * codeBytes);
    System.arraycopy(numbers, 0, copy.numbers, 0, length * numbersOfRow);
    if (most > 0) {
      System.arraycopy(counts, 0, copy.counts, 0, length);
      System.arraycopy(channels, 0, copy.channels, 0, length * most);
      System.arraycopy(values, 0, copy.values, 0, length * most);
    }
    return copy;
  }

  /** Bytes of memory. */
  long bytes() {
    return codes.length + 2L * numbers.length + 2L * counts.length + 6L * channels.length;
  }

  /** Bytes of {@code rows} rows. */
  long bytes(int rows) {
    return (long) rows * (codeBytes + 2L * numbersOfRow + (most == 0 ? 0 : 2 + 6L * most));
  }

  /** Stores {@code x [width]}. */
  void write(int row, float[] x, int at) {
    if (most > 0) {
      counts[row] = 0;
    }
    codec.encode(
        width,
        x,
        at,
        codes,
        row * codeBytes,
        numbers,
        row * numbersOfRow,
        (channel, value) -> {
          int to = row * most + counts[row]++;
          channels[to] = (char) channel;
          values[to] = value;
        });
  }

  /** Reads channels {@code from} to {@code from + count - 1}. */
  void read(int row, int from, int count, float[] out, int to) {
    codec.decode(from, count, codes, row * codeBytes, numbers, row * numbersOfRow, out, to);
    if (most > 0) {
      int first = row * most;
      int end = first + counts[row];
      int at =
          Arrays.binarySearch(
              channels, first, end, (char) from); // encoders add them in ascending order
      for (int i = at < 0 ? -at - 1 : at; i < end && channels[i] < from + count; i++) {
        out[to + channels[i] - from] = values[i];
      }
    }
  }
}
