package nibble.nn.site;

import java.util.Map;
import java.util.Optional;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.rowwise.LevelQuantize;
import nibble.kernels.rowwise.LevelTable;
import nibble.nn.SiteFunction;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization to any rising list of levels, the same for the whole tensor: logarithmic, twin
 * uniform and other grids that are not uniform. The code of x is the number of thresholds that x
 * reaches, and its value the level of that number, so the method that makes the list also says how
 * it rounds: in the logarithmic domain, say. The derivative is 1 between the lowest and the highest
 * level, else 0. NaN stays NaN.
 */
public final class LevelQuantizer implements StoredFunction {
  static final String KIND = "levels";

  /** Most levels: those of 8 bits and a zero beside them. */
  public static final int MAX_LEVELS = LevelTable.MAX_LEVELS;

  private final LevelTable table;

  /**
   * @param levels rising, 2 to {@value #MAX_LEVELS}
   * @param thresholds not falling, one fewer: {@code x >= thresholds[i]} takes a level above {@code
   *     levels[i]}
   * @throws IllegalArgumentException if they are not
   */
  public LevelQuantizer(float[] levels, float[] thresholds) {
    table = new LevelTable(levels, thresholds);
  }

  /** Thresholds half-way between the levels: the nearest level, the upper one on a tie. */
  public static LevelQuantizer nearest(float[] levels) {
    float[] thresholds = new float[Math.max(0, levels.length - 1)];
    for (int i = 0; i < thresholds.length; i++) {
      thresholds[i] = 0.5f * levels[i] + 0.5f * levels[i + 1];
    }
    return new LevelQuantizer(levels, thresholds);
  }

  static StoredFunction of(FunctionRecord record) {
    return new LevelQuantizer(
        record.tensor("level").toFloats(), record.tensor("threshold").toFloats());
  }

  /** A copy of the levels. */
  public float[] levels() {
    return table.levels();
  }

  /** The number of the level that {@code x} takes; 0 for NaN. */
  public int code(float x) {
    return table.code(x);
  }

  /** The level that {@code x} takes; NaN for NaN. */
  public float fakeQuantize(float x) {
    return table.level(x);
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new StraightThrough(), x);
  }

  @Override
  public Optional<SiteFunction> sideBySide(int heads, int headDim) {
    return Optional.of(this);
  }

  @Override
  public Optional<ProbabilityMap> probabilityMap(int heads) {
    LevelQuantize kernel = LevelQuantize.best();
    return Optional.of(
        (head, count, factor, e, at) -> kernel.fakeQuantize(count, factor, e, at, table, e, at));
  }

  private final class StraightThrough implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor x = in[0];
      Tensor out = ops.empty(x.shape().dims());
      rows(
          ops,
          x,
          (from, to) ->
              LevelQuantize.best()
                  .fakeQuantize(
                      to - from,
                      1,
                      x.array(),
                      x.offset() + from,
                      table,
                      out.array(),
                      out.offset() + from));
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor x = in[0];
      Tensor grad = ops.empty(x.shape().dims());
      float lowest = table.lowest();
      float highest = table.highest();
      rows(
          ops,
          x,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              float value = x.array()[x.offset() + i];
              grad.array()[grad.offset() + i] =
                  value >= lowest && value <= highest ? gradOut.array()[gradOut.offset() + i] : 0;
            }
          });
      return new Tensor[] {grad};
    }
  }

  private interface Elements {
    void run(int from, int to);
  }

  private static void rows(Ops ops, Tensor x, Elements work) {
    ScaleLayout layout = ScaleLayout.of(x.shape(), Tensor.scalar(1).shape());
    layout.runLight(
        ops.splitter(), (block, from, to) -> work.run(from * layout.width(), to * layout.width()));
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of(),
        Map.of(
            "level",
            Tensor.of(table.levels(), table.size()),
            "threshold",
            Tensor.of(table.thresholds(), table.size() - 1)));
  }

  @Override
  public String format() {
    return table.size() + " levels";
  }
}
