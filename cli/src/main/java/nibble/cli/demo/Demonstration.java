package nibble.cli.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import nibble.cli.data.ImageSet;
import nibble.cli.evaluation.Evaluation;
import nibble.cli.evaluation.Score;
import nibble.cli.quantization.Calibration;
import nibble.cli.quantization.FloatModels;
import nibble.cli.quantization.FolderTree;
import nibble.cli.quantization.Quantization;
import nibble.cli.report.Distribution;
import nibble.cli.report.Results;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Progress;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.model.WeightFormat;
import nibble.quant.model.LayerResult;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Quantizes one model in several ways, evaluates every result as it was written and read back, and
 * collects what a report shows.
 */
public final class Demonstration {
  private static final int BATCH = 32;
  private static final int PICTURED_IMAGES = 8;

  private final Path folder;
  private final ImageSet test;
  private final Calibration calibration;
  private final Ops ops;
  private final Console console;
  private final String program;
  private final long seed;

  /**
   * @param folder of the float model
   * @param test held-out images; none of them is among the calibration images
   */
  public Demonstration(
      Path folder,
      ImageSet test,
      Calibration calibration,
      Ops ops,
      Console console,
      String program,
      long seed) {
    this.folder = folder;
    this.test = test;
    this.calibration = calibration;
    this.ops = ops;
    this.console = console;
    this.program = program;
    this.seed = seed;
  }

  /** Evaluates the float model and every variant. */
  public Results run(Results start, List<Variant> variants) throws IOException {
    Results results = start;
    try (LoadedModel reference = ModelLoader.load(folder)) {
      String dtype = reference.model().linears().getFirst().weight().peek().dtype().toString();
      Score score = score("float", reference, reference);
      long bytes = Files.size(folder.resolve(Checkpoint.WEIGHTS));
      results = results.withRow(Results.Row.of("float", dtype, score, bytes, 0, peak()));
      for (Variant variant : variants) {
        results = with(results, variant, reference);
      }
      for (Distribution distribution : distributions(reference)) {
        results = results.withDistribution(distribution);
      }
    }
    return results;
  }

  private Results with(Results results, Variant variant, LoadedModel reference) throws IOException {
    Path written = Files.createTempDirectory("nibble-demo-");
    try {
      Quantization quantization = new Quantization(variant.recipe(seed), calibration, null);
      Quantization.Outcome outcome;
      try (LoadedModel model = ModelLoader.load(folder);
          FloatModels originals = new FloatModels(folder)) {
        outcome = quantization.run(model.model(), originals, seed, ops, console);
        quantization.write(
            written,
            model.checkpoint().config(),
            model.model(),
            program,
            seed,
            outcome.report(),
            WeightFormat.COMPRESSED_TENSORS);
      }
      try (LoadedModel packed = ModelLoader.load(written)) {
        Score score = score(variant.name() + " " + variant.scheme(), packed, reference);
        long bytes = Files.size(written.resolve(Checkpoint.WEIGHTS));
        Results.Row row =
            Results.Row.of(
                variant.name(), variant.scheme(), score, bytes, outcome.seconds(), peak());
        return results.withRow(row).withLayerErrors(errors(variant, outcome));
      }
    } finally {
      FolderTree.delete(written);
    }
  }

  private Score score(String name, LoadedModel model, LoadedModel reference) {
    try (Progress progress = console.progress("eval " + name, test.size(), "images")) {
      return new Evaluation(ops, BATCH)
          .score(model.imageClassifier(), test, reference.imageClassifier(), progress);
    }
  }

  private static Results.LayerErrors errors(Variant variant, Quantization.Outcome outcome) {
    Map<String, Double> byLayer = new LinkedHashMap<>();
    for (LayerResult layer : outcome.layers()) {
      double relative = layer.outputError().orElse(Double.NaN);
      byLayer.put(layer.name(), relative * relative);
    }
    return new Results.LayerErrors(variant.name() + " " + variant.scheme(), byLayer);
  }

  /**
   * Of the layer whose input has the heaviest tails, usually the second feed-forward layer, and of
   * one that reads the residual stream.
   */
  private List<Distribution> distributions(LoadedModel plain) {
    try (LoadedModel rotated = ModelLoader.load(folder)) {
      ModelRotation.apply(rotated.model(), RotationOptions.DEFAULTS.withSeed(seed));
      Tensor pixels = calibration.batches().getFirst();
      Tensor few =
          pixels.dim(0) > PICTURED_IMAGES ? pixels.slice(0, 0, PICTURED_IMAGES).toF32() : pixels;
      int middle = plain.model().blocks().size() / 2;
      String block = plain.model().blocks().get(middle).name();
      return Stream.of(".attn.q", ".mlp.fc2")
          .flatMap(
              layer -> Tap.before(plain.model(), rotated.model(), block + layer, ops, few).stream())
          .toList();
    }
  }

  private static long peak() {
    return PeakMemory.bytes().orElse(0);
  }
}
