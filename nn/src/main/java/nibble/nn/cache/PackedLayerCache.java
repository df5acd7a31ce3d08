package nibble.nn.cache;

import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.AttentionShape;
import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.KeyValueSource;
import nibble.kernels.attention.Rope;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values as codes. Attention reads them a tile at a time, 128 tokens of one or a few
 * heads, so no more than a tile is ever in float.
 *
 * <p>Task scratch: float slots 8 (rows that are turned) and 9 (a row to be stored).
 */
public final class PackedLayerCache implements LayerCache {
  private final CacheFormat format;
  private final CacheShape shape;
  private final CodeRows keys;
  private final CodeRows values;
  private final FloatRows sinks;
  private final FloatRows window;
  private final int capacity;
  private final @Nullable HadamardTransform transform;

  /**
   * Nothing yet.
   *
   * @throws IllegalArgumentException if the format does not fit the shape
   */
  public PackedLayerCache(CacheFormat format, CacheShape shape, int capacity) {
    this(
        checked(format, shape),
        shape,
        new CodeRows(format.keys(), shape.width(), capacity),
        new CodeRows(format.values(), shape.width(), capacity),
        new FloatRows(format.sinks(), shape.width()),
        new FloatRows(format.window(), shape.width()),
        capacity);
  }

  private static CacheFormat checked(CacheFormat format, CacheShape shape) {
    format.check(shape);
    return format;
  }

  private PackedLayerCache(
      CacheFormat format,
      CacheShape shape,
      CodeRows keys,
      CodeRows values,
      FloatRows sinks,
      FloatRows window,
      int capacity) {
    this.format = format;
    this.shape = shape;
    this.keys = keys;
    this.values = values;
    this.sinks = sinks;
    this.window = window;
    this.capacity = capacity;
    transform = format.turned() ? HadamardTransform.of(shape.headDim()) : null;
  }

  @Override
  public long bytes() {
    return keys.bytes() + values.bytes() + sinks.bytes() + window.bytes();
  }

  @Override
  public long bytes(int tokens) {
    return keys.bytes(tokens) + values.bytes(tokens) + sinks.bytes() + window.bytes();
  }

  @Override
  public PackedLayerCache copy(int newCapacity, int length) {
    return new PackedLayerCache(
        format,
        shape,
        keys.copy(newCapacity, length),
        values.copy(newCapacity, length),
        sinks.copy(),
        window.copy(),
        newCapacity);
  }

  /**
   * Stores new tokens and lets their queries read.
   *
   * @param q {@code [1, rows, heads * headDim]}; positions applied
   * @param k {@code [1, rows, width]}; positions applied unless the format stores keys before them
   * @param v {@code [1, rows, width]}
   * @param heads of queries
   * @param rule with the number of tokens before as {@code past}
   * @param positions turns keys that are stored before positions; null where there are none
   * @return {@code [1, rows, heads * headDim]}
   */
  public Tensor attend(
      Ops ops,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      AttentionRule rule,
      @Nullable RopeTable positions) {
    int rows = q.dim(1);
    if (rule.past() + rows > capacity) {
      throw new IllegalStateException(
          "the cache has room for %d tokens, not for %d".formatted(capacity, rule.past() + rows));
    }
    Tensor out = ops.empty(1, rows, heads * shape.headDim());
    for (int from = 0; from < rows; ) {
      int at = rule.past() + from;
      int to =
          format.window() == 0
              ? rows
              : Math.min(rows, from + format.window() - at % format.window());
      write(ops, k, v, from, to, at);
      read(ops, q, from, to, heads, rule.from(at), positions, out);
      from = to;
    }
    HadamardTransform turn = transform;
    if (turn != null) {
      int d = shape.headDim();
      ops.splitter()
          .run(
              rows,
              (i, scratch) ->
                  turn.transposed(heads, out.array(), out.offset() + i * heads * d, scratch));
    }
    return out;
  }

  private void write(Ops ops, Tensor k, Tensor v, int from, int to, int at) {
    Tensor keyRows = k.toF32();
    Tensor valueRows = v.toF32();
    int width = shape.width();
    HadamardTransform turn = transform;
    boolean turnsKeys = turnsKeys();
    ops.splitter()
        .run(
            to - from,
            (i, scratch) -> {
              float[] row = scratch.floats(9, 2 * width);
              System.arraycopy(valueRows.array(), rowAt(valueRows, from + i), row, 0, width);
              if (turn != null) {
                turn.forward(shape.heads(), row, 0, scratch);
              }
              values.write(at + i, row, 0);
              sinks.keepFirst(at + i, row, 0, false);
              window.keep(at + i, row, 0, false);
              System.arraycopy(keyRows.array(), rowAt(keyRows, from + i), row, 0, width);
              if (turn != null && turnsKeys) {
                turn.forward(shape.heads(), row, 0, scratch);
              }
              sinks.keepFirst(at + i, row, 0, true);
              window.keep(at + i, row, 0, true);
              format.rotation().ifPresent(rotation -> rotation.apply(row, 0, row, width, scratch));
              keys.write(at + i, row, format.rotation().isPresent() ? width : 0);
            });
  }

  private static int rowAt(Tensor x, int row) {
    return x.offset() + row * x.dim(-1);
  }

  private boolean turnsKeys() {
    return format.turned() && !format.beforePositions();
  }

  private void read(
      Ops ops,
      Tensor q,
      int from,
      int to,
      int heads,
      AttentionRule rule,
      @Nullable RopeTable positions,
      Tensor out) {
    int d = shape.headDim();
    Tensor queries = q.toF32();
    float[] array = queries.array();
    int offset = rowAt(queries, from);
    HadamardTransform turn = transform;
    if (turn != null && turnsKeys()) {
      Tensor turned = ops.empty(to - from, heads, d);
      System.arraycopy(array, offset, turned.array(), turned.offset(), (to - from) * heads * d);
      ops.splitter()
          .run(
              to - from,
              (i, scratch) ->
                  turn.forward(heads, turned.array(), turned.offset() + i * heads * d, scratch));
      array = turned.array();
      offset = turned.offset();
    }
    AttentionShape dims =
        new AttentionShape(1, to - from, rule.past() + to - from, heads, shape.heads(), d);
    int floatFrom =
        format.window() == 0 ? Integer.MAX_VALUE : rule.past() / format.window() * format.window();
    Attention.best()
        .forward(
            dims,
            rule,
            HeadView.of(array, offset, to - from, heads, d),
            new Tiles(floatFrom, positions),
            HeadView.of(out.array(), out.offset() + from * heads * d, to - from, heads, d),
            ops.splitter());
  }

  /** Tiles in float, tokens from {@code floatFrom} on as they came. */
  private final class Tiles implements KeyValueSource {
    private final int floatFrom;
    private final @Nullable RopeTable positions;

    Tiles(int floatFrom, @Nullable RopeTable positions) {
      this.floatFrom = floatFrom;
      this.positions = format.beforePositions() ? positions : null;
    }

    @Override
    public int headsTogether() {
      return format.headsTogether();
    }

    @Override
    public void keys(int b, int head, int first, int count, float[] to, int at, Scratch scratch) {
      int tile = headsTogether() * shape.headDim();
      rows(keys, head, first, count, to, at, tile);
      format
          .rotation()
          .ifPresent(rotation -> rotation.undo(count, head, shape.headDim(), to, at, scratch));
      inFloat(true, head, first, count, to, at, tile);
      RopeTable table = positions;
      if (table != null) {
        int[] at0 = scratch.ints(8, count);
        for (int i = 0; i < count; i++) {
          at0[i] = first + i;
        }
        HeadView view = HeadView.of(to, at, count, headsTogether(), shape.headDim());
        Rope.best().rotate(0, count, headsTogether(), shape.headDim(), view, table, at0, 0, false);
      }
    }

    @Override
    public void values(int b, int head, int first, int count, float[] to, int at, Scratch scratch) {
      int tile = headsTogether() * shape.headDim();
      rows(values, head, first, count, to, at, tile);
      inFloat(false, head, first, count, to, at, tile);
    }

    private void rows(CodeRows from, int head, int first, int count, float[] to, int at, int tile) {
      for (int i = 0; i < count; i++) {
        from.read(first + i, head * shape.headDim(), tile, to, at + i * tile);
      }
    }

    private void inFloat(
        boolean ofKeys, int head, int first, int count, float[] to, int at, int tile) {
      for (int i = 0; i < count; i++) {
        int token = first + i;
        if (token < format.sinks()) {
          sinks.read(token, ofKeys, head * shape.headDim(), tile, to, at + i * tile);
        } else if (token >= floatFrom) {
          window.read(token, ofKeys, head * shape.headDim(), tile, to, at + i * tile);
        }
      }
    }
  }
}
