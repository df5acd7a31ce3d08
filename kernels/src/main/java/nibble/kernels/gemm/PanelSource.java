package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;

/**
 * A weight {@code [out, in]} in a form of its own that can write parts of itself as FP32 panels.
 * Thread-safe.
 */
public interface PanelSource {
  /** Output features. */
  int out();

  /** Input features. */
  int in();

  /**
   * Input features that are unpacked together: {@link #fill} starts at multiples of this and may
   * write up to the next multiple beyond its last feature.
   */
  int inputStep();

  /**
   * Writes weights {@code [firstOut .. firstOut + columns) x [firstIn .. firstIn + count)} in
   * native byte order, those of one input feature together: weight {@code (o, i)} at float {@code
   * (i - firstIn) * columns + o - firstOut}. Outputs beyond {@link #out} are zero.
   *
   * @param columns a whole number of vectors
   * @param panel {@code columns} floats for each input feature, rounded up to {@link #inputStep}
   */
  void fill(int firstOut, int columns, int firstIn, int count, MemorySegment panel);
}
