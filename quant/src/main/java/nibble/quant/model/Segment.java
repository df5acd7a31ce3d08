package nibble.quant.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * A part of a model that is quantized before the next one sees its output: the embedding, each
 * block, the head.
 *
 * @param name for progress and resuming
 * @param stages linear layers in groups, in the order of execution
 * @param forward runs the part
 * @param isLast whether nobody reads its output
 */
public record Segment(
    String name,
    List<List<Linear>> stages,
    BiFunction<Ops, Tensor, Tensor> forward,
    boolean isLast) {

  /** The parts of a model in the order of the forward pass. */
  public static List<Segment> of(Model model) {
    List<Segment> segments = new ArrayList<>();
    Set<Linear> inBlocks = new HashSet<>();
    for (Block block : model.blocks()) {
      block.stages().forEach(inBlocks::addAll);
      segments.add(
          new Segment(
              block.name(), block.stages(), (ops, x) -> model.through(ops, block, x), false));
    }
    List<Linear> before = new ArrayList<>();
    List<Linear> after = new ArrayList<>();
    boolean seenBlocks = false;
    for (Linear linear : model.linears()) {
      if (inBlocks.contains(linear)) {
        seenBlocks = true;
      } else {
        (seenBlocks ? after : before).add(linear);
      }
    }
    segments.addFirst(new Segment("embedding", List.of(before), model::embed, false));
    segments.addLast(new Segment("head", List.of(after), model::head, true));
    return segments;
  }

  /**
   * What the part makes of each of {@code inputs}, without gradients; memory is recycled between
   * them.
   */
  public List<Tensor> forward(Ops ops, List<Tensor> inputs) {
    List<Tensor> outputs = new ArrayList<>();
    try (var inference = ops.noGrad()) {
      for (Tensor input : inputs) {
        try (Scope scope = ops.scope()) {
          outputs.add(scope.keep(forward.apply(ops, input)));
        }
      }
    }
    return outputs;
  }
}
