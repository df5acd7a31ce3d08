package nibble.quant.rotation;

/** An orthogonal map of vectors, in double precision. Immutable. */
public interface Orthogonal {
  /** Length of the vectors. */
  int size();

  /** Replaces {@code x[offset .. offset + size)} by its image. */
  void apply(double[] x, int offset);
}
