package nibble.quant.cbq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.QuantParams;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SchemeExecution;
import nibble.quant.model.Segment;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.Learner;
import nibble.quant.reconstruct.ReconstructionLoss;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.quant.reconstruct.SiteQuantizers;
import nibble.quant.rounding.RoundingDrive;

/** One run of CBQ. */
final class CrossBlock implements BlockWalk.Visitor {
  private final ModelTask task;
  private final CbqOptions options;
  private final SchemeExecution execution;
  private final Map<Linear, LowRankRounding> roundings = new LinkedHashMap<>();
  private final Map<String, Double> facts = new LinkedHashMap<>();

  CrossBlock(ModelTask task, CbqOptions options) {
    this.task = task;
    this.options = options;
    execution = new SchemeExecution(task);
  }

  MethodReport run() {
    if (options.preprocess()) {
      facts.put(
          "activation channels scaled",
          task.schemes().scheme().activations().isPresent()
              ? (double) Preprocessing.scaleChannels(task)
              : 0);
    }
    long cut = 0;
    int seed = 0;
    for (Block block : task.model().blocks()) {
      for (Linear linear : block.stages().stream().flatMap(List::stream).toList()) {
        if (task.weights(linear).isPresent()) {
          cut += options.preprocess() ? Preprocessing.truncate(linear) : 0;
          LowRankRounding.Rates rates =
              new LowRankRounding.Rates(options.rank(), options.rate(), options.stepRate());
          RoundingDrive drive =
              new RoundingDrive(
                  options.drive(),
                  RoundingDrive.DEFAULTS.warmUp(),
                  RoundingDrive.DEFAULTS.betaFirst(),
                  RoundingDrive.DEFAULTS.betaLast());
          roundings.put(
              linear,
              new LowRankRounding(
                  linear,
                  grids(linear, task.weights(linear).get()),
                  rates,
                  drive,
                  task.seed() + seed++));
        }
      }
    }
    facts.put("weights cut off", (double) cut);
    BlockWalk.run(task, task.samples().inputs(), options.window(), true, this);
    return new MethodReport(execution.results(), facts, List.of());
  }

  /** Where the scheme names no clip search, steps begin where it would find them. */
  private QuantParams grids(Linear linear, WeightScheme scheme) {
    ClipSearch clip = scheme.clip().equals(ClipSearch.none()) ? ClipSearch.mse() : scheme.clip();
    return QuantParams.fit(
        linear.name(),
        linear.weight().peek().toFloats(),
        0,
        linear.out(),
        linear.in(),
        scheme.format(),
        scheme.granularity(),
        clip,
        task.ops().splitter());
  }

  @Override
  public void learn(BlockWalk.Window window) {
    List<Learner> learners = new ArrayList<>();
    Map<Site, ActivationQuantizer> inputs = new LinkedHashMap<>();
    for (Linear linear : window.linears()) {
      LowRankRounding rounding = roundings.get(linear);
      if (rounding != null) {
        learners.add(rounding);
        execution.input(linear).ifPresent(quantizer -> inputs.put(linear.input(), quantizer));
      }
    }
    if (!learners.isEmpty()) {
      learners.add(new SiteQuantizers(inputs));
      ReconstructionLoss loss = ReconstructionLoss.MEAN_SQUARES.plus(ReconstructionLoss.DIVERGENCE);
      BlockReconstructor.Result result =
          new BlockReconstructor(
                  task.ops(),
                  new ReconstructionOptions(options.iterations(), options.batch(), 0),
                  loss)
              .reconstruct(task, "window", window, learners);
      String name = window.parts().getFirst().name();
      facts.put("loss of the window before/" + name, result.before());
      facts.put("loss of the window after/" + name, result.after());
    }
  }

  @Override
  public void finish(Segment part) {
    for (Linear linear : part.stages().stream().flatMap(List::stream).toList()) {
      LowRankRounding rounding = roundings.get(linear);
      if (rounding == null) {
        execution.executeNearest(linear);
      } else {
        execution.execute(linear, rounding.codes(task.ops()));
      }
    }
  }
}
