package nibble.kernels.attention;

/**
 * Cosines and sines of rotary position embeddings: pair {@code i} of a head at position {@code p}
 * is turned by {@code p * frequencies[i]}. Immutable, thread-safe.
 *
 * <p>Su et al., RoFormer, <a href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a>, section
 * 3.2.2.
 */
public final class RopeTable {
  /** Which elements of a head form pair {@code i} of {@code n}. */
  public enum Pairs {
    /**
     * Elements {@code i} and {@code i + n}: Llama, Qwen, Gemma, GPT-NeoX checkpoints of Hugging
     * Face.
     */
    HALVES,
    /** Elements {@code 2i} and {@code 2i + 1}: the paper, GPT-J, Llama checkpoints of Meta. */
    INTERLEAVED
  }

  private final Pairs pairs;
  private final int pairCount;
  private final int positions;
  private final float[] cosines;
  private final float[] sines;

  private RopeTable(Pairs pairs, int pairCount, int positions) {
    this.pairs = pairs;
    this.pairCount = pairCount;
    this.positions = positions;
    int size = Math.multiplyExact(positions, width());
    cosines = new float[size];
    sines = new float[size];
  }

  /**
   * A table for positions 0 to {@code positions - 1}.
   *
   * @param frequencies radians per position for each pair; a head may be longer than the pairs, the
   *     rest of it is not turned
   * @param magnitude what turned elements are multiplied by: 1, except for scalings such as YaRN
   */
  public static RopeTable of(Pairs pairs, double[] frequencies, int positions, double magnitude) {
    if (frequencies.length < 1 || positions < 0) {
      throw new IllegalArgumentException(
          "a rotary table needs a frequency and at least 0 positions, got %d and %d"
              .formatted(frequencies.length, positions));
    }
    RopeTable table = new RopeTable(pairs, frequencies.length, positions);
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < frequencies.length; i++) {
        table.set(
            p,
            i,
            magnitude * Math.cos(p * frequencies[i]),
            magnitude * Math.sin(p * frequencies[i]));
      }
    }
    return table;
  }

  /**
   * Frequencies {@code base^(-2i / rotated)} for the pairs of {@code rotated} elements of a head,
   * as in the paper (base 10000).
   */
  public static double[] frequencies(int rotated, double base) {
    if (rotated < 2 || rotated % 2 != 0) {
      throw new IllegalArgumentException("rotary elements of a head come in pairs, got " + rotated);
    }
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(base, -2.0 * i / rotated);
    }
    return frequencies;
  }

  /**
   * Interleaved pairs are stored as vectors read them: each cosine twice, the sines with the sign
   * that they have in the first and second element.
   */
  private void set(int position, int pair, double cosine, double sine) {
    int at = position * width();
    if (pairs == Pairs.HALVES) {
      cosines[at + pair] = (float) cosine;
      sines[at + pair] = (float) sine;
    } else {
      cosines[at + 2 * pair] = (float) cosine;
      cosines[at + 2 * pair + 1] = (float) cosine;
      sines[at + 2 * pair] = (float) -sine;
      sines[at + 2 * pair + 1] = (float) sine;
    }
  }

  /** Which elements form a pair. */
  public Pairs pairs() {
    return pairs;
  }

  /** Leading elements of a head that are turned. */
  public int rotated() {
    return 2 * pairCount;
  }

  /** Positions that the table holds. */
  public int positions() {
    return positions;
  }

  /** Elements of a row of the table. */
  int width() {
    return pairs == Pairs.HALVES ? pairCount : 2 * pairCount;
  }

  float[] cosines() {
    return cosines;
  }

  float[] sines() {
    return sines;
  }

  /** Cosine of a pair. */
  float cosine(int position, int pair) {
    return cosines[position * width() + (pairs == Pairs.HALVES ? pair : 2 * pair)];
  }

  /** Sine of a pair. */
  float sine(int position, int pair) {
    return sines[position * width() + (pairs == Pairs.HALVES ? pair : 2 * pair + 1)];
  }
}
