package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;

/**
 * What folding one tile of {@link ChunkTile#ROWS} rows needs; one object for each task, its fields
 * are set as the task goes on. Columns of a tile are in the order of the outputs.
 */
final class FoldTile {
  /** Vectors of the panel. */
  int vectors;

  /** Outputs of the panel, those beyond the weight included. */
  int columns;

  /** Raw sums that {@link ChunkTile#products} left. */
  final MemorySegment raw;

  /** Scales of the panel, {@code [group][columns]} floats. */
  final MemorySegment scales;

  /** Sums of the weight levels of each group, laid out like the scales. */
  final MemorySegment weightSums;

  /** Byte of the scales and weight sums of the first group that is folded. */
  long groupAt;

  /**
   * Levels of the rows of the tile, as {@link ChunkTile#products} reads them, from {@link
   * #levelsAt} on.
   */
  float[] levels;

  /** First level of the first row. */
  int levelsAt;

  /** Room for levels that are copied. */
  final float[] copy;

  /** Scaled sums {@code [ROWS][columns]} from {@code yAt} on. */
  final float[] y;

  /** Running sums of a group, where they are floats; laid out like {@code y}. */
  final float[] sums;

  /** Running sums of a group, where they are ints. */
  final int[] intSums;

  int yAt;

  /** Where the raw sums of a group begin that has several chunks. */
  long rawAt;

  /**
   * Whether any row has an offset: activations stand for {@code level + offset}, so {@code offset *
   * weight sum} is to be added.
   */
  boolean hasOffsets;

  /** Offset of each row of the tile. */
  final float[] offsets = new float[ChunkTile.ROWS];

  FoldTile(
      MemorySegment raw,
      MemorySegment scales,
      MemorySegment weightSums,
      float[] copy,
      float[] y,
      float[] sums,
      int[] intSums) {
    this.raw = raw;
    this.scales = scales;
    this.weightSums = weightSums;
    this.copy = copy;
    this.levels = copy;
    this.y = y;
    this.sums = sums;
    this.intSums = intSums;
  }
}
