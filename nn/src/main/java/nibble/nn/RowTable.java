package nibble.nn;

/**
 * A table of rows that is not kept in float, as an {@link Embedding} reads it. Immutable and
 * thread-safe.
 */
public interface RowTable {
  int rows();

  int width();

  /** Writes row {@code index} in float to {@code to} from {@code at} on. */
  void row(int index, float[] to, int at);

  /** Bytes that the table occupies. */
  long bytes();

  /** Short name of the form, such as {@code INT8 g32}. */
  String format();
}
