package nibble.quant.roste;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.model.ModelTask;
import nibble.quant.rotation.Orthogonal;
import nibble.quant.rotation.RandomizedHadamard;
import nibble.quant.rotation.Repeated;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Where a turned basis has less {@link RoundingError} than the present one.
 *
 * @param stream R1: one choice for the whole stream
 * @param values R2: layers whose values are turned
 * @param feedForwards R4: layers whose second feed-forward input is turned
 */
record BasisChoice(boolean stream, Set<Integer> values, Set<Integer> feedForwards) {
  BasisChoice {
    values = Set.copyOf(values);
    feedForwards = Set.copyOf(feedForwards);
  }

  /** Number of places that are turned. */
  int places() {
    return (stream ? 1 : 0) + values.size() + feedForwards.size();
  }

  /**
   * What {@code where} says; with {@code ADAPTIVE}, what the errors say. Norms must be plain
   * already.
   */
  static BasisChoice of(
      ModelTask task, ResidualStructure structure, RoSteOptions.Where where, int rows) {
    Set<Integer> values = new TreeSet<>();
    Set<Integer> feedForwards = new TreeSet<>();
    if (where == RoSteOptions.Where.NOWHERE) {
      return new BasisChoice(false, values, feedForwards);
    }
    boolean all = where == RoSteOptions.Where.EVERYWHERE;
    Search search = new Search(task, all ? Map.of() : inputs(task, rows));
    for (int i = 0; i < structure.attentions().size(); i++) {
      if (all || search.prefersValues(structure.attentions().get(i), i)) {
        values.add(i);
      }
    }
    for (int i = 0; i < structure.feedForwards().size(); i++) {
      Linear down = structure.feedForwards().get(i).down();
      if (HadamardTransform.isSupported(down.in())
          && (all
              || search.prefersInputs(
                  List.of(down), RandomizedHadamard.random(down.in(), task.seed())))) {
        feedForwards.add(i);
      }
    }
    return new BasisChoice(all || search.prefersStream(structure), values, feedForwards);
  }

  /**
   * Rows of what passes the input sites of linear layers in the first batch, at equal distances.
   */
  private static Map<Site, float[]> inputs(ModelTask task, int rows) {
    Model model = task.model();
    Map<Site, float[]> seen = new LinkedHashMap<>();
    Map<Site, SiteFunction> installed = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      installed.computeIfAbsent(
          linear.input(),
          site ->
              (ops, x) -> {
                seen.put(site, some(x, rows));
                return x;
              });
    }
    installed.forEach(Site::append);
    Ops ops = task.ops();
    try (var inference = ops.noGrad()) {
      Tensor _ =
          model.forward(
              ops,
              task.samples()
                  .batches()
                  .getFirst()
                  .inputs()); // the functions in its sites are what counts
    } finally {
      installed.forEach(Site::remove);
    }
    return seen;
  }

  private static float[] some(Tensor x, int rows) {
    int width = x.dim(-1);
    int all = (int) (x.size() / width);
    int taken = Math.min(rows, all);
    float[] values = new float[taken * width];
    for (int i = 0; i < taken; i++) {
      int row = (int) ((long) i * all / taken);
      System.arraycopy(x.array(), x.offset() + row * width, values, i * width, width);
    }
    return values;
  }

  /** Compares errors. */
  private record Search(ModelTask task, Map<Site, float[]> inputs) {
    boolean prefersStream(ResidualStructure structure) {
      Orthogonal r = Orthogonal.random(structure.hidden(), task.seed());
      double present = 0;
      double turned = 0;
      for (ResidualStructure.Reader reader : structure.readers()) {
        present += error(reader.linears(), null);
        turned += error(reader.linears(), r);
      }
      for (Linear writer : structure.writers()) {
        float[] w = writer.weight().peek().toFloats();
        present += ofWeight(writer, w, writer.out(), writer.in());
        turned +=
            ofWeight(
                writer, RoundingError.turnedColumns(w, writer.in(), r), writer.out(), writer.in());
      }
      return turned < present;
    }

    boolean prefersInputs(List<Linear> linears, Orthogonal r) {
      return error(linears, r) < error(linears, null);
    }

    boolean prefersValues(ResidualStructure.Attention attention, int layer) {
      Orthogonal head = Orthogonal.random(attention.headDim(), task.seed() + 1 + layer);
      Linear linear = attention.values().linear();
      float[] w = valueRows(attention);
      int rows = attention.keyValueHeads() * attention.headDim();
      float[] turned =
          RoundingError.turnedColumns(
              w, linear.in(), new Repeated(head, attention.keyValueHeads()));
      List<Linear> output = List.of(attention.output());
      return ofWeight(linear, turned, rows, linear.in())
              + error(output, new Repeated(head, attention.heads()))
          < ofWeight(linear, w, rows, linear.in()) + error(output, null);
    }

    private static float[] valueRows(ResidualStructure.Attention attention) {
      ResidualStructure.HeadRows values = attention.values();
      int in = values.linear().in();
      int d = attention.headDim();
      float[] all = values.linear().weight().peek().toFloats();
      float[] rows = new float[attention.keyValueHeads() * d * in];
      for (int head = 0; head < attention.keyValueHeads(); head++) {
        System.arraycopy(
            all, (values.first() + head * values.step()) * in, rows, head * d * in, d * in);
      }
      return rows;
    }

    /** Of the weights of layers that read one site, and of what passes it. */
    private double error(List<Linear> linears, @Nullable Orthogonal r) {
      double sum = 0;
      for (Linear linear : linears) {
        float[] w = linear.weight().peek().toFloats();
        sum +=
            ofWeight(
                linear, r == null ? w : RoundingError.turnedRows(w, r), linear.out(), linear.in());
      }
      Linear first = linears.getFirst();
      float[] x = inputs.get(first.input());
      if (x == null || task.weights(first).isEmpty()) {
        return sum;
      }
      return sum
          + RoundingError.ofInputs(
              first.input().name(),
              r == null ? x : RoundingError.turnedRows(x, r),
              x.length / first.in(),
              first.in(),
              task.activations(first.input()));
    }

    private double ofWeight(Linear linear, float[] w, int rows, int columns) {
      return task.weights(linear)
          .map(scheme -> RoundingError.ofWeight(linear.name(), w, rows, columns, scheme))
          .orElse(0.0);
    }
  }
}
