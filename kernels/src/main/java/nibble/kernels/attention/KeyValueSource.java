package nibble.kernels.attention;

import nibble.kernels.parallel.Scratch;

/**
 * Keys and values that are made when they are needed, such as those that a cache holds as codes. A
 * tile is a run of consecutive keys of one or more heads. Called by several threads at once.
 *
 * <p>An implementation may use scratch slots from 8 on, of every kind; the others belong to the
 * attention and the kernels below it.
 */
public interface KeyValueSource {
  /**
   * Heads of a tile, those that can only be made together; divides the number of key heads. A tile
   * begins at a multiple of it.
   */
  int headsTogether();

  /**
   * Writes keys {@code first} to {@code first + count - 1} of sequence {@code b}, heads {@code
   * head} to {@code head + headsTogether() - 1}.
   *
   * @param to receives {@code [count, headsTogether() * headDim]} from {@code at} on
   */
  void keys(int b, int head, int first, int count, float[] to, int at, Scratch scratch);

  /** The same for values. */
  void values(int b, int head, int first, int count, float[] to, int at, Scratch scratch);
}
