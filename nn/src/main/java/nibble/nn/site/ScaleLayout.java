package nibble.nn.site;

import nibble.kernels.parallel.WorkSplitter;
import nibble.tensor.Shape;

/**
 * How scales of a small shape spread over a tensor: axes are matched from the last one, and an axis
 * of 1 is shared. For {@code q [batch, heads, tokens, headDim]}, scales {@code []} or {@code [1]}
 * are per tensor, {@code [headDim]} per channel of a head, {@code [heads, 1, 1]} per head, {@code
 * [heads, 1, headDim]} per channel, {@code [tokens, 1]} per token.
 *
 * <p>A row is the last axis of the tensor. Row {@code r} starts in the scales at {@link #start} and
 * goes on by {@link #step} (0 or 1).
 */
public final class ScaleLayout {
  private static final int GRAIN = 1 << 14;

  /** Elements of a task that does little with each: a second thread is worth waiting for. */
  private static final int LIGHT_GRAIN = 1 << 16;

  private final int width;
  private final int rows;
  private final int step;
  private final int[] starts;
  private final int scales;

  private ScaleLayout(int width, int rows, int step, int[] starts, int scales) {
    this.width = width;
    this.rows = rows;
    this.step = step;
    this.starts = starts;
    this.scales = scales;
  }

  /**
   * The layout of scales of one shape over a tensor of another.
   *
   * @throws IllegalArgumentException if they do not fit
   */
  public static ScaleLayout of(Shape tensor, Shape scales) {
    if (tensor.rank() == 0 || scales.rank() > tensor.rank()) {
      throw misfit(tensor, scales);
    }
    int width = tensor.dim(-1);
    int last = scales.rank() == 0 ? 1 : scales.dim(-1);
    check(tensor, scales, width, last);
    int period = 1;
    int[] starts = {0};
    int stride = last;
    for (int back = 2; back <= scales.rank(); back++) {
      int size = tensor.dim(-back);
      int own = scales.dim(-back);
      check(tensor, scales, size, own);
      int[] longer = new int[Math.multiplyExact(period, size)];
      for (int i = 0; i < longer.length; i++) {
        longer[i] = starts[i % period] + (own == 1 ? 0 : i / period * stride);
      }
      starts = longer;
      period = longer.length;
      stride *= own;
    }
    int rows = width == 0 ? 0 : Math.toIntExact(tensor.size() / width);
    return new ScaleLayout(width, rows, last == 1 ? 0 : 1, starts, stride);
  }

  private static void check(Shape tensor, Shape scales, int size, int own) {
    if (own != 1 && own != size) {
      throw misfit(tensor, scales);
    }
  }

  private static IllegalArgumentException misfit(Shape tensor, Shape scales) {
    return new IllegalArgumentException(
        "scales "
            + scales
            + " do not spread over a tensor "
            + tensor
            + "; axes are matched from the last, and must be equal or 1");
  }

  /** Length of a row. */
  public int width() {
    return width;
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Number of scales. */
  public int scales() {
    return scales;
  }

  /** Elements of the tensor that share one scale. */
  public long elementsPerScale() {
    return (long) rows * width / scales;
  }

  /** Index of the scale of the first element of a row. */
  public int start(int row) {
    return starts[row % starts.length];
  }

  /** 1 if every element of a row has a scale of its own, 0 if they share one. */
  public int step() {
    return step;
  }

  /** Whether all rows have the same scales, one for each element. */
  public boolean isOneRow() {
    return step == 1 && starts.length == 1;
  }

  /** Rows of one task: the same for any number of threads. */
  public int blockRows() {
    return blockRows(GRAIN);
  }

  /** Number of tasks. */
  public int blocks() {
    return Math.ceilDiv(rows, blockRows());
  }

  /** Work on rows {@code from} to {@code to}. */
  @FunctionalInterface
  public interface Rows {
    void run(int block, int from, int to);
  }

  /** Runs {@code work} on blocks of rows, which do not depend on the number of threads. */
  public void run(WorkSplitter splitter, Rows work) {
    run(splitter, blockRows(), work);
  }

  /** The same for light work on each element by itself, in fewer and larger blocks. */
  public void runLight(WorkSplitter splitter, Rows work) {
    run(splitter, blockRows(LIGHT_GRAIN), work);
  }

  private int blockRows(int grain) {
    return Math.max(1, grain / Math.max(1, width));
  }

  private void run(WorkSplitter splitter, int size, Rows work) {
    splitter.run(
        Math.ceilDiv(rows, size),
        (block, scratch) -> work.run(block, block * size, Math.min(rows, (block + 1) * size)));
  }
}
