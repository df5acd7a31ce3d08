package nibble.quant.range;

/**
 * Some values that share a grid: {@code x[offset], x[offset + stride], ...}. Only read.
 *
 * @param count number of values, at least 1
 */
public record Values(float[] x, int offset, int count, int stride) {
  public Values {
    if (count < 1 || stride < 1 || offset < 0 || offset + (long) stride * (count - 1) >= x.length) {
      throw new IllegalArgumentException(
          "%d values from %d in steps of %d do not lie in an array of %d"
              .formatted(count, offset, stride, x.length));
    }
  }

  /** All values of an array. */
  public static Values of(float[] x) {
    return new Values(x, 0, x.length, 1);
  }

  /** One of them. */
  public float get(int i) {
    return x[offset + i * stride];
  }

  /** A copy, one after the other. */
  public float[] toArray() {
    float[] copy = new float[count];
    for (int i = 0; i < count; i++) {
      copy[i] = get(i);
    }
    return copy;
  }
}
