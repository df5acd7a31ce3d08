package nibble.quant.format;

import nibble.kernels.parallel.WorkSplitter;

/**
 * The scales and zero points of a matrix {@code [rows, columns]}, ordered by row, then group.
 * Immutable by contract: the arrays handed in and out are shared, and nobody writes to them
 * afterwards.
 */
public final class QuantParams {
  private final IntFormat format;
  private final Granularity granularity;
  private final int rows;
  private final int columns;
  private final int groupsPerRow;
  private final int groupSize;
  private final float[] scales;
  private final byte[] zeroPoints;

  /**
   * @param scales {@code [scaleCount]}, positive and finite
   * @param zeroPoints {@code [scaleCount]}, signed codes; all 0 unless the format is asymmetric
   * @throws IllegalArgumentException if a length or a value does not fit
   */
  public QuantParams(
      IntFormat format,
      Granularity granularity,
      int rows,
      int columns,
      float[] scales,
      byte[] zeroPoints) {
    int count = granularity.scaleCount(rows, columns);
    if (scales.length != count || zeroPoints.length != count) {
      throw new IllegalArgumentException(
          "%s of [%d, %d] needs %d scales and zero points, found %d and %d"
              .formatted(granularity, rows, columns, count, scales.length, zeroPoints.length));
    }
    this.format = format;
    this.granularity = granularity;
    this.rows = rows;
    this.columns = columns;
    this.groupsPerRow = granularity.groupsPerRow(columns);
    this.groupSize = granularity.groupSize(columns);
    this.scales = scales;
    this.zeroPoints = zeroPoints;
    for (int i = 0; i < count; i++) {
      grid(i); // its constructor checks
    }
  }

  /**
   * Fits every scale to the values that share it.
   *
   * @param x {@code [rows, columns]}, row-major from {@code offset}
   * @throws IllegalArgumentException if a value is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static QuantParams fit(
      String name,
      float[] x,
      int offset,
      int rows,
      int columns,
      IntFormat format,
      Granularity granularity,
      ClipSearch clip,
      WorkSplitter splitter) {
    int count = granularity.scaleCount(rows, columns);
    float[] scales = new float[count];
    byte[] zeroPoints = new byte[count];
    if (granularity instanceof Granularity.PerTensor) {
      store(clip.fit(name, format, x, offset, rows * columns, 1), 0, scales, zeroPoints);
    } else {
      int groups = granularity.groupsPerRow(columns);
      int size = granularity.groupSize(columns);
      splitter.run(
          rows,
          (row, scratch) -> {
            for (int group = 0; group < groups; group++) {
              int length = Math.min(size, columns - group * size);
              store(
                  clip.fit(name, format, x, offset + row * columns + group * size, length, 1),
                  row * groups + group,
                  scales,
                  zeroPoints);
            }
          });
    }
    return new QuantParams(format, granularity, rows, columns, scales, zeroPoints);
  }

  private static void store(Grid grid, int index, float[] scales, byte[] zeroPoints) {
    scales[index] = grid.scale();
    zeroPoints[index] = (byte) grid.zeroPoint();
  }

  public IntFormat format() {
    return format;
  }

  public Granularity granularity() {
    return granularity;
  }

  public int rows() {
    return rows;
  }

  public int columns() {
    return columns;
  }

  /** Scales along one row, 1 where a row shares one. */
  public int groupsPerRow() {
    return groupsPerRow;
  }

  /** Columns that share a scale; the last group of a row may have fewer. */
  public int groupSize() {
    return groupSize;
  }

  /** All scales: {@code [rows, groupsPerRow]}, or one. Shared, not to be written. */
  public float[] scales() {
    return scales;
  }

  /** All zero points as signed codes, in the order of the scales. Shared, not to be written. */
  public byte[] zeroPoints() {
    return zeroPoints;
  }

  /** Index of the scale of an element. */
  public int indexOf(int row, int column) {
    return scales.length == 1 ? 0 : row * groupsPerRow + column / groupSize;
  }

  /** The grid with an index. */
  public Grid grid(int index) {
    return new Grid(format, scales[index], zeroPoints[index]);
  }

  /** The grid of an element. */
  public Grid gridOf(int row, int column) {
    return grid(indexOf(row, column));
  }

  /**
   * Codes of {@code x [rows, columns]}.
   *
   * @throws IllegalArgumentException if a value is NaN or infinite; the message starts with {@code
   *     name}
   */
  public byte[] quantize(String name, float[] x, int offset) {
    Range.of(name, x, offset, rows * columns, 1);
    byte[] codes = new byte[rows * columns];
    for (int row = 0; row < rows; row++) {
      int first = row * columns;
      forEachRun(
          row,
          (from, to, scale, zeroPoint) -> {
            for (int i = first + from; i < first + to; i++) {
              codes[i] =
                  (byte)
                      Grid.quantize(
                          x[offset + i], scale, zeroPoint, format.minCode(), format.maxCode());
            }
          });
    }
    return codes;
  }

  /** Values {@code [rows, columns]} of codes. */
  public float[] dequantize(byte[] codes) {
    float[] values = new float[rows * columns];
    for (int row = 0; row < rows; row++) {
      dequantizeRow(codes, row, values, row * columns);
    }
    return values;
  }

  /** Values of one row of {@code codes [rows, columns]}, to {@code out} from {@code at} on. */
  void dequantizeRow(byte[] codes, int row, float[] out, int at) {
    forEachRun(
        row,
        (from, to, scale, zeroPoint) -> {
          for (int i = from; i < to; i++) {
            out[at + i] = scale * (codes[row * columns + i] - zeroPoint);
          }
        });
  }

  /**
   * Quantizes and dequantizes {@code x [rows, columns]} into {@code out}, which may be {@code x}.
   * NaN stays NaN, infinities are clamped.
   */
  public void fakeQuantize(float[] x, int offset, float[] out, int outOffset) {
    for (int row = 0; row < rows; row++) {
      int first = row * columns;
      forEachRun(
          row,
          (from, to, scale, zeroPoint) -> {
            for (int i = first + from; i < first + to; i++) {
              float value = x[offset + i];
              out[outOffset + i] =
                  Float.isNaN(value)
                      ? value
                      : scale
                          * (Grid.quantize(
                                  value, scale, zeroPoint, format.minCode(), format.maxCode())
                              - zeroPoint);
            }
          });
    }
  }

  private interface Run {
    void apply(int from, int to, float scale, int zeroPoint);
  }

  /** The runs of a row that share a scale. */
  private void forEachRun(int row, Run run) {
    for (int from = 0; from < columns; from += groupSize) {
      int index = indexOf(row, from);
      run.apply(from, Math.min(columns, from + groupSize), scales[index], zeroPoints[index]);
    }
  }
}
