package nibble.quant.isvit;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.Segment;
import nibble.quant.range.Percentiles;
import nibble.quant.range.RangeSearch;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.quant.reconstruct.Streams;
import nibble.quant.reconstruct.WeightTuning;
import nibble.quant.repqvit.RepQSteps;
import nibble.tensor.Tensor;

/**
 * I&amp;S-ViT: a shift-uniform-log2 grid of attention probabilities, and weights tuned block by
 * block in three stages, from a smooth loss to the one that counts.
 *
 * <p>Zhong, Hu, Huang, Zhang, Ji: <a href="https://arxiv.org/abs/2311.10126">arXiv:2311.10126</a>
 * (TPAMI 2025), after the authors' code.
 *
 * <pre>{@code
 * stage 1   activations quantized, per channel behind a LayerNorm; float weights tuned to the float block, on inputs of the float model
 * stage 2   scales of channels folded as in RepQ-ViT: the same codes with one scale
 * stage 3   weights quantized too, asymmetric rows; tuned again through the rounding, on inputs of the quantized model
 * block     min mean (block_q(x) - block(x_float))^2 over weights and biases; grids are frozen
 * }</pre>
 *
 * <p>Differs: the rate is constant, the best weights of a block are kept (those of the start among
 * them), embedding and head are not tuned. Linear layers run as integers; q, k, v and probabilities
 * are quantized in float.
 */
public final class IsVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "is-vit",
          "I&S-ViT",
          "Zhong, Hu, Huang, Zhang, Ji: arXiv:2311.10126",
          "some ten to hundred samples, no labels; minutes of tuning",
          "vision transformers at W4A4 and W3A3",
          IsVitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private static final RangeSearch WEIGHT_RANGE =
      new Percentiles(List.of(0.97, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999), 2);

  private final IsVitOptions options;

  /** With the given knobs. */
  public IsVit(IsVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static IsVit of(OptionValues values) {
    return new IsVit(IsVitOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public double passes(int samples) {
    return 8.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<String, Double> facts = new LinkedHashMap<>();
    RepQSteps.Fitted fitted =
        RepQSteps.fit(
            task,
            options.images(),
            true,
            false,
            (bits, x) -> ShiftUniformLog2.search(bits, x.toFloats(), options.innerRounding()));
    if (options.smooth() && options.iterations() > 0) {
      with(fitted.quantizers(), () -> tune(task, false, facts, new LinkedHashMap<>()));
    }
    Map<Site, StoredFunction> quantizers = RepQSteps.fold(task, fitted);
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    if (options.iterations() > 0) {
      with(quantizers, () -> tune(task, true, facts, codes));
    }
    for (Linear linear : task.model().linears()) {
      task.weights(linear)
          .ifPresent(
              scheme ->
                  codes.computeIfAbsent(linear, l -> nearest(task, l, scheme.format().bits())));
    }
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private static void with(Map<Site, StoredFunction> quantizers, Runnable work) {
    quantizers.forEach(Site::append);
    try {
      work.run();
    } finally {
      quantizers.forEach(Site::remove);
    }
  }

  /**
   * Tunes the layers of all blocks.
   *
   * @param rounded whether weights are quantized: their codes go to {@code codes}
   */
  private void tune(
      ModelTask task,
      boolean rounded,
      Map<String, Double> facts,
      Map<Linear, QuantizedTensor> codes) {
    ReconstructionOptions reconstruction =
        new ReconstructionOptions(options.iterations(), options.batch(), 0);
    String stage = rounded ? "stage 3" : "stage 1";
    Map<Linear, Tensor> tuned = new LinkedHashMap<>();
    BlockWalk.run(
        task,
        SampleBatches.of(task.samples(), options.images(), options.batch()),
        1,
        false,
        new BlockWalk.Visitor() {
          @Override
          public void learn(BlockWalk.Window window) {
            Map<Linear, QuantizedTensor> starts = new LinkedHashMap<>();
            if (rounded) {
              window
                  .linears()
                  .forEach(
                      l ->
                          task.weights(l)
                              .ifPresent(
                                  scheme ->
                                      starts.put(l, nearest(task, l, scheme.format().bits()))));
            }
            if (window.isBlock()) {
              List<WeightTuning> learners =
                  window.linears().stream()
                      .map(
                          l ->
                              new WeightTuning(
                                  l,
                                  Optional.ofNullable(starts.get(l)).map(IsVit::grid),
                                  options.rate()))
                      .toList();
              Streams streams = window.streams();
              Streams seen =
                  rounded
                      ? streams
                      : Streams.of(streams.floatInputs(), streams.floatInputs(), streams.targets());
              BlockReconstructor.Result result =
                  new BlockReconstructor(task.ops(), reconstruction)
                      .reconstruct(
                          task,
                          stage,
                          new BlockWalk.Window(window.index(), window.parts(), seen, window.rest()),
                          learners);
              facts.put(
                  "%s: error before/%s".formatted(stage, window.parts().getFirst().name()),
                  result.before());
              facts.put(
                  "%s: error after/%s".formatted(stage, window.parts().getFirst().name()),
                  result.after());
            }
            starts.forEach((linear, start) -> codes.put(linear, again(linear, start)));
          }

          @Override
          public void finish(Segment part) {
            part.stages().stream()
                .flatMap(List::stream)
                .filter(codes::containsKey)
                .forEach(
                    linear -> {
                      tuned.put(linear, linear.weight().peek().toF32());
                      linear.setWeight(
                          Tensor.of(
                              requireNonNull(codes.get(linear)).dequantize(),
                              linear.out(),
                              linear.in()));
                    });
          }
        });
    tuned.forEach(Linear::setWeight); // errors are those of the float weights
  }

  private static QuantizedTensor nearest(ModelTask task, Linear linear, int bits) {
    return new RowRounding(Symmetry.ASYMMETRIC, WEIGHT_RANGE)
        .codes(linear, bits, task.ops().splitter());
  }

  /** The tuned weight on the grid that it was tuned for. */
  private static QuantizedTensor again(Linear linear, QuantizedTensor start) {
    return new QuantizedTensor(
        start.params().quantize(linear.name(), linear.weight().peek().toFloats(), 0),
        start.params());
  }

  /** The grid of a weight's rows, with the straight-through estimator. */
  private static UniformQuantizer grid(QuantizedTensor start) {
    int rows = start.out();
    float[] zeroPoints = new float[rows];
    for (int i = 0; i < rows; i++) {
      zeroPoints[i] = start.params().zeroPoints()[i] - start.params().format().minCode();
    }
    return UniformQuantizer.asymmetric(
        start.params().format().bits(),
        Tensor.of(start.params().scales(), rows, 1),
        Tensor.of(zeroPoints, rows, 1));
  }
}
