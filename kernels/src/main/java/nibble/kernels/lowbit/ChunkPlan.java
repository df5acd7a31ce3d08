package nibble.kernels.lowbit;

/**
 * How the inputs of an integer product are cut: into chunks that are exact in a lane, several
 * chunks that one call of {@link ChunkTile} leaves for one call of folding, and blocks whose
 * unpacked panel stays in the second-level cache.
 *
 * @param chunkInputs inputs of a chunk, a multiple of {@link IntWeights#INPUT_STEP}; the last chunk
 *     of a group may be shorter
 * @param parts chunks of one group
 * @param inputsAtOnce inputs between two calls of folding: whole groups, or a part of a long one
 * @param isLong whether a group is longer than {@code inputsAtOnce}
 * @param blockInputs most inputs of a block
 */
record ChunkPlan(int chunkInputs, int parts, int inputsAtOnce, boolean isLong, int blockInputs) {
  /** Inputs of a panel, about: a wide one of 512-bit vectors takes 256 KiB. */
  private static final int BLOCK = ChunkTile.MOST_INPUTS;

  /** Chunks whose raw sums stay in the first-level cache beside a panel that streams through it. */
  private static final int CHUNKS = 8;

  /** A group of one scale per channel need not end with a whole input step. */
  static ChunkPlan of(IntWeights weights, int exactInputs) {
    int group = whole(weights.groupSize());
    int most = Math.min(exactInputs, BLOCK);
    int parts = Math.ceilDiv(group, most);
    int chunk = whole(Math.ceilDiv(group, parts));
    parts = Math.ceilDiv(group, chunk);
    if (parts > CHUNKS || group > BLOCK) {
      int atOnce = Math.min(CHUNKS, BLOCK / chunk) * chunk;
      return new ChunkPlan(chunk, parts, atOnce, true, BLOCK / atOnce * atOnce);
    }
    int groups = parts * chunk == group ? Math.max(1, Math.min(CHUNKS / parts, BLOCK / group)) : 1;
    groups = Math.min(groups, weights.groups());
    return new ChunkPlan(
        chunk,
        parts,
        groups * group,
        false,
        Math.max(1, BLOCK / (groups * group)) * groups * group);
  }

  private static int whole(int inputs) {
    return Math.ceilDiv(inputs, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP;
  }

  /** {@code inputs} with the padding of the last ones. */
  int padded(int inputs) {
    return whole(inputs);
  }

  /** Inputs of the block that begins at {@code in}; one of a long group ends with it. */
  int blockAt(IntWeights weights, int in) {
    int end = isLong ? (in / weights.groupSize() + 1) * weights.groupSize() : weights.in();
    return Math.min(blockInputs, end - in);
  }

  boolean isOneBlock(IntWeights weights) {
    return blockAt(weights, 0) == weights.in();
  }

  /** Whether each output is one chunk of one group. */
  boolean isOneChunk(IntWeights weights) {
    return weights.groups() == 1 && parts == 1 && !isLong;
  }

  /** Most chunks between two calls of folding. */
  int chunksAtOnce() {
    return Math.ceilDiv(inputsAtOnce, chunkInputs);
  }
}
