package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;

/**
 * How the integers of a product of many rows are carried in FP32 lanes, which hold integers up to
 * 2^24 exactly: what stands in a panel of weights, and what the raw sums of a {@link ChunkTile}
 * mean. Folding takes raw sums apart and adds them up, with the arithmetic that {@link IntGemm}
 * promises.
 */
interface LevelLanes {
  /**
   * Outputs that share one lane. A panel of {@code v} vectors has {@code v * fields() * lanes}
   * columns.
   */
  int fields();

  /**
   * Inputs whose products may be added up in a lane; a multiple of {@link IntWeights#INPUT_STEP}, 0
   * if there are none.
   */
  int exactInputs(IntWeights weights, ActivationQuantizer quantizer);

  /** Whether activations may have offsets; if not, levels stand for themselves. */
  boolean takesOffsets();

  /**
   * Unpacks the levels of {@code vectors} vectors of outputs from {@code firstOut} on, {@code
   * count} inputs from {@code firstIn} on.
   */
  void unpack(
      IntWeights weights, int firstOut, int vectors, int firstIn, int count, MemorySegment panel);

  /**
   * Raw column sums of {@code chunks} chunks to sums of the weight levels of each group: adds every
   * {@code parts} of them to one run of columns of {@code weightSums}, from {@code sumAt} on.
   */
  void addWeightSums(
      int vectors, int chunks, int parts, MemorySegment raw, MemorySegment weightSums, long sumAt);

  /**
   * Folds {@code groups} groups of one chunk each: {@code y = fma(S, scale, y)} for each in turn.
   */
  void foldGroups(FoldTile tile, int groups);

  /** Folds chunks of one group, from {@link FoldTile#rawAt} on, into running sums. */
  void foldParts(FoldTile tile, int chunks);

  /** Ends the group of the running sums: {@code y = fma(S, scale, y)}; they start again at 0. */
  void endGroup(FoldTile tile);

  /**
   * The outputs of one row that consist of a single chunk: {@code out = fma(fma(S, scale, 0),
   * rowScale, bias)}, what folding and adding the bias give.
   *
   * @param row of the tile
   * @param count outputs, a whole number of vectors times {@link #fields}
   */
  void write(
      FoldTile tile,
      int row,
      int count,
      float rowScale,
      float[] bias,
      int biasAt,
      float[] out,
      int to);
}
