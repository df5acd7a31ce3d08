package nibble.quant.rotation;

/**
 * The same small map on every consecutive slice of a vector, as for the heads of a value
 * projection.
 *
 * @param part the map
 * @param times number of slices
 */
public record Repeated(Orthogonal part, int times) implements Orthogonal {
  @Override
  public int size() {
    return part.size() * times;
  }

  @Override
  public void apply(double[] x, int offset) {
    for (int i = 0; i < times; i++) {
      part.apply(x, offset + i * part.size());
    }
  }
}
