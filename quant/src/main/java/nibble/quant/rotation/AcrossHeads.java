package nibble.quant.rotation;

/**
 * A map of length {@code heads} across the heads of {@code [heads, headDim]}, the same for every
 * channel of a head.
 */
record AcrossHeads(Orthogonal part, int headDim) implements Orthogonal {
  @Override
  public int size() {
    return part.size() * headDim;
  }

  @Override
  public void apply(double[] x, int offset) {
    double[] column = new double[part.size()];
    for (int channel = 0; channel < headDim; channel++) {
      for (int head = 0; head < column.length; head++) {
        column[head] = x[offset + head * headDim + channel];
      }
      part.apply(column, 0);
      for (int head = 0; head < column.length; head++) {
        x[offset + head * headDim + channel] = column[head];
      }
    }
  }
}
