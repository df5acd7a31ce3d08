package nibble.quant.fisher;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Inputs of all products of a float model, linear layers and attention, with the gradient of a loss
 * in their outputs. The loss is the cross-entropy against labels drawn from the model's own
 * prediction, so that the squared gradients are the diagonal of the empirical Fisher matrix
 * (Martens, <a href="https://arxiv.org/abs/1412.1193">arXiv:1412.1193</a>, section 9). A
 * Kullback-Leibler loss against the model itself, as in PTQ4ViT's code, has no gradient while the
 * model still is in float.
 *
 * <p>Attention is found by names: {@code X.q_out}, {@code X.k_out}, {@code X.v_out}, {@code
 * X.probs} and {@code X.proj.input}.
 */
public final class ProductSamples {
  private static final String PROBABILITIES = ".probs";

  private final IdentityHashMap<Linear, LayerSamples> layers = new IdentityHashMap<>();
  private final Map<String, AttentionSamples> attentions = new LinkedHashMap<>();

  private ProductSamples() {}

  /**
   * Runs the model forward and back.
   *
   * @param batches inputs of the model
   * @param rows of every linear layer that are kept, of all batches together
   * @param maps attention maps (one head of one image) of every attention layer that are kept, of
   *     all batches together; at least one of every head and batch
   * @throws IllegalArgumentException if a layer is not in float
   */
  public static ProductSamples record(
      Ops ops, Model model, List<Tensor> batches, int rows, int maps, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return observe(model, batches, rows, maps, batch -> forwardAndBack(ops, model, batch, random));
  }

  /** The same without gradients: runs the model forward only. */
  public static ProductSamples forward(
      Ops ops, Model model, List<Tensor> batches, int rows, int maps) {
    return observe(
        model,
        batches,
        rows,
        maps,
        batch -> {
          try (var inference = ops.noGrad();
              Scope scope = ops.scope()) {
            Tensor _ = model.forward(ops, batch); // the probes see what counts
          }
        });
  }

  private static ProductSamples observe(
      Model model, List<Tensor> batches, int rows, int maps, Consumer<Tensor> run) {
    for (Linear linear : model.linears()) {
      if (linear.isReplaced()) {
        throw new IllegalArgumentException(
            "'" + linear.name() + "' is quantized already, expected a float model");
      }
    }
    ProductSamples samples = new ProductSamples();
    Recording recording =
        new Recording(
            model, Math.max(1, rows / batches.size()), Math.max(1, maps / batches.size()));
    recording.install();
    try {
      batches.forEach(run);
    } finally {
      recording.remove();
    }
    recording.collect(samples);
    return samples;
  }

  private static void forwardAndBack(Ops ops, Model model, Tensor batch, SplittableRandom random) {
    try (Scope scope = ops.scope()) {
      Tensor pixels = Tensor.of(batch.toFloats(), batch.shape().dims()).requireGrad();
      Tensor logits = model.forward(ops, pixels);
      ops.backward(ops.scale(ops.crossEntropy(logits, drawn(logits, random)), batch.dim(0)));
    }
  }

  /** A class for each image, drawn from what the model predicts. */
  private static int[] drawn(Tensor logits, SplittableRandom random) {
    int classes = logits.dim(1);
    float[] all = logits.toFloats();
    int[] labels = new int[logits.dim(0)];
    for (int i = 0; i < labels.length; i++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        largest = Math.max(largest, all[i * classes + c]);
      }
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(all[i * classes + c] - largest);
      }
      double rest = random.nextDouble() * sum;
      while (labels[i] < classes - 1
          && (rest -= Math.exp(all[i * classes + labels[i]] - largest)) > 0) {
        labels[i]++;
      }
    }
    return labels;
  }

  /** What passed a linear layer. */
  public LayerSamples of(Linear linear) {
    LayerSamples found = layers.get(linear);
    if (found == null) {
      throw new IllegalStateException("nothing passed '" + linear.name() + "'");
    }
    return found;
  }

  /**
   * What passed the attention whose probabilities pass {@code site}; empty if it is no such site.
   */
  public Optional<AttentionSamples> ofProbabilities(Site site) {
    String name = site.name();
    return name.endsWith(PROBABILITIES)
        ? Optional.ofNullable(attentions.get(prefix(name)))
        : Optional.empty();
  }

  private static String prefix(String name) {
    return name.substring(0, name.length() - PROBABILITIES.length());
  }

  /** Rows of what a layer reads, and of the gradient in what it gives. */
  private record LayerStore(RowStore input, RowStore gradient) {}

  /** The probes in a model and what they have seen. */
  private static final class Recording {
    private final Model model;
    private final int rows;
    private final int maps;
    private final IdentityHashMap<Linear, LayerStore> layers = new IdentityHashMap<>();
    private final Map<String, MapStore> attentions = new LinkedHashMap<>();
    private final IdentityHashMap<Site, SiteFunction> installed = new IdentityHashMap<>();

    Recording(Model model, int rows, int maps) {
      this.model = model;
      this.rows = rows;
      this.maps = maps;
    }

    void install() {
      for (Linear linear : model.linears()) {
        LayerStore store = new LayerStore(new RowStore(), new RowStore());
        layers.put(linear, store);
        Probe input = new Probe(x -> store.input().add(x, rows), g -> {});
        Probe output = new Probe(x -> {}, g -> store.gradient().add(g, rows));
        linear.execute(new ProbedWeight(linear, input, output));
      }
      for (Site site : new ArrayList<>(model.sites().all())) {
        if (site.name().endsWith(PROBABILITIES)) {
          install(prefix(site.name()));
        }
      }
    }

    private void install(String attention) {
      MapStore store = new MapStore(maps);
      attentions.put(attention, store);
      install(attention + ".q_out", new Probe(store.queries::add, g -> {}));
      install(attention + ".k_out", new Probe(store.keys::add, g -> {}));
      install(attention + ".v_out", new Probe(store.values::add, g -> {}));
      install(
          attention + PROBABILITIES,
          new Probe(store.probabilities::add, store.probabilityGradients::add));
      install(attention + ".proj.input", new Probe(x -> {}, store::addContextGradient));
    }

    private void install(String site, Probe probe) {
      SiteFunction function = (ops, x) -> ops.custom(probe, x);
      Site place = model.sites().get(site);
      place.append(function);
      installed.put(place, function);
    }

    void remove() {
      installed.forEach(Site::remove);
      model.linears().forEach(Linear::weightChanged);
    }

    void collect(ProductSamples samples) {
      layers.forEach(
          (linear, store) -> {
            Tensor all =
                Objects.requireNonNull(
                    store.input().all(), () -> "nothing passed '" + linear.name() + "'");
            samples.layers.put(linear, new LayerSamples(all, store.gradient().all()));
          });
      attentions.forEach((name, store) -> samples.attentions.put(name, store.all()));
    }
  }
}
