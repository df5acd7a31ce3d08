package nibble.quant.omniquant;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.equivalence.BlockMaps;
import nibble.quant.equivalence.ChannelRanges;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SchemeExecution;
import nibble.quant.model.Segment;
import nibble.quant.reconstruct.BlockReconstructor;
import nibble.quant.reconstruct.BlockWalk;
import nibble.quant.reconstruct.Learner;
import nibble.quant.reconstruct.ReconstructionOptions;
import nibble.quant.reconstruct.SiteQuantizers;

/**
 * Clips and maps of a model learned block by block, folded, and put into execution: what OmniQuant
 * and AffineQuant have in common. A block where training does not beat round to nearest keeps that.
 */
public final class EquivalentTraining {
  private final ModelTask task;
  private final Knobs knobs;
  private final SchemeExecution execution;
  private final Map<Linear, LearnedClip> clips = new LinkedHashMap<>();
  private final Map<String, Double> facts = new LinkedHashMap<>();

  /**
   * How it trains.
   *
   * @param iterations updates for each block
   * @param batch samples an update
   * @param clipRate of Adam on the logits of clips
   * @param maps how maps are
   * @param withMaps whether there are maps at all
   * @param alpha share of the activations in the first scales
   * @param bothTargets whether the output is also compared with that of the float block on the
   *     quantized input
   */
  public record Knobs(
      int iterations,
      int batch,
      double clipRate,
      BlockMaps.Choice maps,
      boolean withMaps,
      double alpha,
      boolean bothTargets) {
    public Knobs {
      if (!(clipRate >= 0) || !(alpha >= 0 && alpha <= 1)) {
        throw new IllegalArgumentException(
            "clip-rate must not be negative and alpha 0 to 1, were %s and %s"
                .formatted(clipRate, alpha));
      }
    }
  }

  /** A training of the model of {@code task}. */
  public EquivalentTraining(ModelTask task, Knobs knobs) {
    this.task = task;
    this.knobs = knobs;
    execution = new SchemeExecution(task);
  }

  /** Does it. */
  public MethodReport run() {
    BlockWalk.run(
        task,
        task.samples().inputs(),
        1,
        knobs.bothTargets(),
        new BlockWalk.Visitor() {
          @Override
          public void learn(BlockWalk.Window window) {
            if (window.isBlock()) {
              block(window);
            }
          }

          @Override
          public void finish(Segment part) {
            part.stages().stream().flatMap(List::stream).forEach(EquivalentTraining.this::execute);
          }
        });
    return new MethodReport(execution.results(), facts, List.of());
  }

  private void execute(Linear linear) {
    LearnedClip clip = clips.get(linear);
    if (clip == null) {
      execution.executeNearest(linear);
    } else {
      execution.execute(linear, clip.codes());
    }
  }

  private void block(BlockWalk.Window window) {
    List<LearnedClip> own = new ArrayList<>();
    for (Linear linear : window.linears()) {
      task.weights(linear)
          .ifPresent(scheme -> own.add(new LearnedClip(linear, scheme, knobs.clipRate())));
    }
    if (own.isEmpty()) {
      return;
    }
    own.forEach(clip -> clips.put(clip.linear(), clip));
    BlockMaps maps =
        new BlockMaps(task.model(), knobs.withMaps() ? window.linears() : List.of(), knobs.maps());
    List<Learner> learners = new ArrayList<>(own);
    learners.add(maps);
    learners.add(new SiteQuantizers(inputs(window)));
    BlockReconstructor reconstructor =
        new BlockReconstructor(
            task.ops(), new ReconstructionOptions(knobs.iterations(), knobs.batch(), 0));
    double nearest = reconstructor.error(window.forward(), window.streams(), learners);
    own.forEach(LearnedClip::start);
    maps.start(
        ChannelRanges.of(task.ops(), window.forward(), window.streams().inputs(), window.linears()),
        knobs.alpha());
    BlockReconstructor.Result result =
        reconstructor.reconstruct(task, "clips-and-maps", window, learners);
    if (result.after() >= nearest) {
      own.forEach(LearnedClip::neutralise);
      maps.neutralise();
    }
    maps.fold(task.ops());
    String name = window.parts().getFirst().name();
    facts.put("error with nearest codes/" + name, nearest);
    facts.put("error with learned clips and maps/" + name, Math.min(nearest, result.after()));
    maps.dominance().ifPresent(d -> facts.put("least diagonal dominance/" + name, d));
  }

  private Map<Site, ActivationQuantizer> inputs(BlockWalk.Window window) {
    Map<Site, ActivationQuantizer> quantizers = new LinkedHashMap<>();
    window
        .linears()
        .forEach(
            linear ->
                execution
                    .input(linear)
                    .ifPresent(quantizer -> quantizers.put(linear.input(), quantizer)));
    return quantizers;
  }
}
