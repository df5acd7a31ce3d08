package nibble.quant.pipeline;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A part of a model that is quantized before the next one sees its output: the embedding, each block, the head.
 *
 * @param name for progress and resuming
 * @param stages linear layers in groups, in the order of execution
 * @param forward runs the part
 * @param isLast whether nobody reads its output
 */
record Segment(String name, List<List<Linear>> stages, BiFunction<Ops, Tensor, Tensor> forward, boolean isLast) {

  static List<Segment> of(Model model) {
    List<Segment> segments = new ArrayList<>();
    Set<Linear> inBlocks = new HashSet<>();
    for (Block block : model.blocks()) {
      block.stages().forEach(inBlocks::addAll);
      segments.add(new Segment(block.name(), block.stages(), block::forward, false));
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
}
