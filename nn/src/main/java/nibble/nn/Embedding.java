package nibble.nn;

import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A table {@code [rows, width]} of which a forward pass reads single rows: word vectors, learned
 * positions. Rows are read from the checkpoint's tensor as it is, so a 16-bit table stays 16 bits
 * wide, and of a packed table no others are made; while the table is trained, or once it has been
 * converted, from the float copy.
 */
public final class Embedding {
  private final String name;
  private final Parameter weight;
  private volatile @Nullable RowTable replacement;

  /**
   * @param name within the model, such as {@code embed}
   * @param weight {@code [rows, width]}
   */
  public Embedding(String name, Parameter weight) {
    if (weight.shape().rank() != 2) {
      throw new IllegalArgumentException(
          "the table of '" + name + "' must be [rows, width], was " + weight.shape());
    }
    this.name = name;
    this.weight = weight;
  }

  /** Name within the model. */
  public String name() {
    return name;
  }

  public int rows() {
    return weight.shape().dim(0);
  }

  public int width() {
    return weight.shape().dim(1);
  }

  /** The table. */
  public Parameter weight() {
    return weight;
  }

  /** Reads rows from {@code table} instead of the float table from now on. */
  public void execute(RowTable table) {
    if (table.rows() != rows() || table.width() != width()) {
      throw new IllegalArgumentException(
          "'%s' is [%d, %d], the replacement [%d, %d]"
              .formatted(name, rows(), width(), table.rows(), table.width()));
    }
    replacement = table;
  }

  /** What {@link #execute} put in place of the float table, or null. */
  public @Nullable RowTable replacement() {
    return replacement;
  }

  /** Reads the float table again. */
  public void weightChanged() {
    replacement = null;
  }

  /**
   * Rows {@code ids}: {@code [ids, width]}.
   *
   * @throws IllegalArgumentException if an id is not a row
   */
  public Tensor forward(Ops ops, int[] ids) {
    for (int id : ids) {
      if (id < 0 || id >= rows()) {
        throw new IllegalArgumentException(
            "'%s' has rows 0 to %d, the input asks for %d".formatted(name, rows() - 1, id));
      }
    }
    boolean learns = ops.isRecording() && weight.requiresGrad();
    RowTable table = replacement;
    if (table != null) {
      if (learns) {
        throw new IllegalStateException(
            "'"
                + name
                + "' is packed and has no derivative; train the float model, or switch to"
                + " noGrad()");
      }
      return read(ops, ids, table::row);
    }
    if (learns) {
      return ops.rowsOf(weight.floats(), ids);
    }
    Tensor values = weight.value();
    return read(ops, ids, (id, to, at) -> copyRow(values, id, to, at));
  }

  private interface Reader {
    void row(int id, float[] to, int at);
  }

  private Tensor read(Ops ops, int[] ids, Reader reader) {
    Tensor out = ops.empty(ids.length, width());
    for (int i = 0; i < ids.length; i++) {
      reader.row(ids[i], out.array(), out.offset() + i * width());
    }
    return out;
  }

  private void copyRow(Tensor values, int id, float[] to, int at) {
    boolean heap =
        values.dtype() == DType.F32
            && values.isContiguous()
            && values.segment().heapBase().isPresent();
    if (heap) {
      System.arraycopy(values.array(), values.offset() + id * width(), to, at, width());
    } else {
      System.arraycopy(values.row(id).toFloats(), 0, to, at, width());
    }
  }

  @Override
  public String toString() {
    return name + " [" + rows() + ", " + width() + "]";
  }
}
