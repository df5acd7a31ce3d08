package nibble.quant.fisher;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Collects heads of images of one attention layer. */
final class MapStore {
  final Heads queries = new Heads();
  final Heads keys = new Heads();
  final Heads values = new Heads();
  final Heads probabilities = new Heads();
  final Heads probabilityGradients = new Heads();
  private final Heads contextGradients = new Heads();
  private final List<Integer> headOfMap = new ArrayList<>();
  private final int maps;
  private int heads;

  /**
   * @param maps heads of images taken of each batch; at least one of every head
   */
  MapStore(int maps) {
    this.maps = maps;
  }

  /** Some of {@code [batch, heads, tokens, width]}, always of the same places. */
  final class Heads {
    private final RowStore rows = new RowStore();
    private int tokens;

    void add(Tensor x) {
      heads = x.dim(1);
      tokens = x.dim(2);
      int size = tokens * x.dim(3);
      int all = x.dim(0) * heads;
      int taken = Math.min(all, Math.max(maps, heads));
      float[] part = new float[taken * size];
      if (this == queries) {
        for (int i = 0; i < taken; i++) {
          headOfMap.add(place(i, taken, all) % heads);
        }
      }
      for (int i = 0; i < taken; i++) {
        System.arraycopy(x.array(), x.offset() + place(i, taken, all) * size, part, i * size, size);
      }
      rows.add(part, x.dim(3));
    }

    /** {@code [maps, tokens, width]}; null if none came. */
    @Nullable Tensor all() {
      Tensor all = rows.all();
      return all == null ? null : all.view(all.dim(0) / tokens, tokens, all.dim(1));
    }

    Tensor some() {
      return Objects.requireNonNull(all(), "nothing passed an attention layer");
    }
  }

  /** Images at equal distances, heads in turn. */
  private int place(int i, int taken, int all) {
    int image = (int) ((long) i * (all / heads) / taken);
    return image * heads + i % heads;
  }

  /** {@code [batch, tokens, heads * headDim]}. */
  void addContextGradient(Tensor g) {
    int tokens = g.dim(1);
    int width = g.dim(2) / heads;
    int all = g.dim(0) * heads;
    int taken = Math.min(all, Math.max(maps, heads));
    float[] part = new float[taken * tokens * width];
    for (int i = 0; i < taken; i++) {
      int place = place(i, taken, all);
      int from = g.offset() + place / heads * tokens * g.dim(2) + place % heads * width;
      for (int t = 0; t < tokens; t++) {
        System.arraycopy(g.array(), from + t * g.dim(2), part, (i * tokens + t) * width, width);
      }
    }
    contextGradients.tokens = tokens;
    contextGradients.rows.add(part, width);
  }

  AttentionSamples all() {
    Tensor p = probabilities.some();
    @Nullable Tensor gradient = probabilityGradients.all();
    return new AttentionSamples(
        queries.some(),
        keys.some(),
        values.some(),
        p,
        gradient == null ? null : throughSoftmax(p, gradient),
        contextGradients.all(),
        headOfMap);
  }

  /** {@code dL/ds = p (dL/dp - <p, dL/dp>)}, row by row. */
  private static Tensor throughSoftmax(Tensor p, Tensor gradient) {
    int width = p.dim(-1);
    float[] probability = p.toFloats();
    float[] g = gradient.toFloats();
    float[] result = new float[g.length];
    for (int from = 0; from < g.length; from += width) {
      double mean = 0;
      for (int i = from; i < from + width; i++) {
        mean += (double) probability[i] * g[i];
      }
      for (int i = from; i < from + width; i++) {
        result[i] = (float) (probability[i] * (g[i] - mean));
      }
    }
    return Tensor.of(result, p.shape().dims());
  }
}
