package nibble.nn.cache;

import nibble.tensor.Tensor;

/** Keys and values in float. */
public final class FloatLayerCache implements LayerCache {
  private final int width;
  private final float[] keys;
  private final float[] values;

  /** Nothing yet, for {@code width} channels a token. */
  public FloatLayerCache(int width) {
    this(width, new float[0], new float[0]);
  }

  private FloatLayerCache(int width, float[] keys, float[] values) {
    this.width = width;
    this.keys = keys;
    this.values = values;
  }

  @Override
  public long bytes() {
    return 4L * (keys.length + values.length);
  }

  @Override
  public long bytes(int tokens) {
    return 8L * tokens * width;
  }

  @Override
  public FloatLayerCache copy(int capacity, int length) {
    return new FloatLayerCache(width, copy(keys, capacity, length), copy(values, capacity, length));
  }

  private float[] copy(float[] from, int capacity, int length) {
    float[] to = new float[Math.multiplyExact(capacity, width)];
    System.arraycopy(from, 0, to, 0, length * width);
    return to;
  }

  /**
   * Stores rows {@code row} to {@code row + count - 1} of {@code k} and {@code v [1, rows, width]}
   * as tokens {@code at} and up.
   */
  public void write(int at, Tensor k, Tensor v, int row, int count) {
    copyRows(k, row, count, keys, at);
    copyRows(v, row, count, values, at);
  }

  private void copyRows(Tensor x, int row, int count, float[] to, int at) {
    Tensor rows = x.toF32();
    System.arraycopy(rows.array(), rows.offset() + row * width, to, at * width, count * width);
  }

  /** The first {@code tokens} keys, {@code [1, tokens, width]}: a view. */
  public Tensor keys(int tokens) {
    return view(keys, tokens);
  }

  /** The first {@code tokens} values, {@code [1, tokens, width]}: a view. */
  public Tensor values(int tokens) {
    return view(values, tokens);
  }

  private Tensor view(float[] rows, int tokens) {
    return Tensor.of(rows, 1, rows.length / width, width).slice(1, 0, tokens);
  }
}
