package nibble.quant.range;

import nibble.tensor.Tensor;

/** Part of a large tensor, to search on. */
public final class SomeRows {
  private SomeRows() {}

  /**
   * Rows of {@code x [..., width]} at equal distances: {@code [rows, width]}, in F32; all rows if
   * there are no more than {@code most}.
   */
  public static Tensor of(Tensor x, int most) {
    if (most < 1) {
      throw new IllegalArgumentException("at least one row must be taken, was " + most);
    }
    int width = x.dim(-1);
    int rows = Math.toIntExact(x.size() / width);
    int taken = Math.min(rows, most);
    Tensor plain = x.toF32();
    float[] some = new float[taken * width];
    for (int i = 0; i < taken; i++) {
      int row = (int) ((long) i * rows / taken);
      System.arraycopy(plain.array(), plain.offset() + row * width, some, i * width, width);
    }
    return Tensor.of(some, taken, width);
  }
}
