package nibble.quant.fisher;

import java.util.ArrayList;
import java.util.List;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Collects rows of tensors that come batch after batch. */
final class RowStore {
  private final List<float[]> parts = new ArrayList<>();
  private int width;
  private int rows;

  /** Adds rows at equal distances of {@code x [..., width]}, at most {@code most}. */
  void add(Tensor x, int most) {
    width = x.dim(-1);
    int all = Math.toIntExact(x.size() / width);
    int taken = Math.min(all, most);
    float[] part = new float[taken * width];
    for (int i = 0; i < taken; i++) {
      int row = (int) ((long) i * all / taken);
      System.arraycopy(x.array(), x.offset() + row * width, part, i * width, width);
    }
    parts.add(part);
    rows += taken;
  }

  /** Adds elements as they are. */
  void add(float[] values, int ofWidth) {
    width = ofWidth;
    parts.add(values);
    rows += values.length / ofWidth;
  }

  /** All rows, {@code [rows, width]}; null if none came. */
  @Nullable Tensor all() {
    if (parts.isEmpty()) {
      return null;
    }
    float[] all = new float[rows * width];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return Tensor.of(all, rows, width);
  }
}
