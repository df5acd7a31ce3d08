package nibble.quant.normtweak;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.ResidualStructure.Reader;
import nibble.nn.SiteFunction;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.Segment;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.ReconstructionLoss;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.tensor.Tensor;

/** One run of Norm Tweaking. */
final class BlockTweaks implements BlockWalk.Visitor {
  private final ModelTask task;
  private final NormTweakingOptions options;
  private final Model original;
  private final Map<String, Double> facts = new LinkedHashMap<>();

  BlockTweaks(ModelTask task, NormTweakingOptions options) {
    this.task = task;
    this.options = options;
    original = task.floatModel().get();
  }

  MethodReport run(List<Tensor> samples) {
    BlockWalk.run(task, samples, 1, false, this);
    return new MethodReport(List.of(), facts, List.of());
  }

  @Override
  public void learn(BlockWalk.Window window) {
    Set<Linear> own = Set.copyOf(window.linears());
    List<Reader> readers =
        task.model().readers().stream()
            .filter(reader -> reader.norm().gain() != null && own.containsAll(reader.linears()))
            .toList();
    if (!window.isBlock() || readers.isEmpty()) {
      return;
    }
    GainLearner gains =
        new GainLearner(readers.stream().map(Reader::norm).toList(), rate(window.index()));
    ReconstructionLoss loss =
        options.tune() == NormTweakingOptions.Tune.STATISTICS
            ? ReconstructionLoss.STATISTICS
            : ReconstructionLoss.MEAN_SQUARES;
    try (UnpackedPart unpacked = new UnpackedPart(window.linears())) {
      BlockReconstructor reconstructor =
          new BlockReconstructor(
              task.ops(),
              new ReconstructionOptions(options.iterations(), options.batch(), 0),
              loss);
      BlockReconstructor.Result result =
          options.tune() == NormTweakingOptions.Tune.STATISTICS
              ? reconstructor.reconstruct(task, "gains", window, List.of(gains))
              : solved(window, readers, gains, reconstructor);
      if (result.after() < result.before()) {
        gains.keep();
      }
      facts.put("norm-tweaking." + window.parts().getFirst().name() + ".before", result.before());
      facts.put("norm-tweaking." + window.parts().getFirst().name() + ".after", result.after());
    }
  }

  /** The blocks are the parts 1 to L. */
  private double rate(int index) {
    return options.rate() * (1 + options.depth() * index / task.model().blocks().size());
  }

  /** One normalisation after the other; the second sees what the first does. */
  private BlockReconstructor.Result solved(
      BlockWalk.Window window,
      List<Reader> readers,
      GainLearner gains,
      BlockReconstructor reconstructor) {
    double before = reconstructor.error(window.forward(), window.streams(), List.of(gains));
    for (int i = 0; i < readers.size(); i++) {
      gains.begin();
      double[] factors;
      try {
        factors = factors(window, readers.get(i));
      } finally {
        gains.end();
      }
      gains.scale(readers.get(i).norm(), factors);
    }
    double after = reconstructor.error(window.forward(), window.streams(), List.of(gains));
    return new BlockReconstructor.Result(before, Math.min(before, after));
  }

  private double[] factors(BlockWalk.Window window, Reader reader) {
    Linear first = reader.linears().getFirst();
    GainFit fit = new GainFit(first.in());
    for (Linear linear : reader.linears()) {
      fit.add(
          original.linear(linear.name()).weight().peek().toFloats(),
          linear.weight().peek().toFloats());
    }
    HessianAccumulator accumulator = new HessianAccumulator(first.input().name(), first.in());
    SiteFunction observer =
        (ops, x) -> {
          accumulator.add(x.toFloats(), 0, (int) (x.size() / first.in()), ops.splitter());
          return x;
        };
    first.input().append(observer);
    try {
      List<Tensor> _ =
          new Segment("part", List.of(), window.forward(), false)
              .forward(task.ops(), window.streams().inputs());
    } finally {
      first.input().remove(observer);
    }
    return fit.solve(accumulator.hessian(), options.ridge(), task.ops().splitter());
  }

  @Override
  public void finish(Segment part) {}

  /** The normalisations of the blocks that have a gain and are read by linear layers only. */
  static List<Norm> tunable(Model model) {
    return model.readers().stream().map(Reader::norm).filter(norm -> norm.gain() != null).toList();
  }
}
