package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import nibble.nn.Linear;
import nibble.quant.model.ModelTask;
import nibble.quant.model.Segment;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Takes a method through a model part by part with two streams of samples: what the float model
 * passes on, and what the model passes on whose earlier parts are finished already. A window is a
 * part and, if it is a block, the following blocks up to a number of them; windows move on by one
 * part, so a block is in several.
 *
 * <p>Memory beside the model: the samples between two parts twice, and the targets of a window once
 * or twice.
 */
public final class BlockWalk {
  private BlockWalk() {}

  /** What is done on the way. */
  public interface Visitor {
    /** Learns in a window. */
    void learn(Window window);

    /**
     * Finishes a part, which no later window holds: afterwards its output goes into the next ones.
     */
    void finish(Segment part);
  }

  /**
   * Consecutive parts of the model with their samples.
   *
   * @param index of the first part, 0 for the embedding
   * @param streams of the first part's inputs and the last part's outputs
   * @param rest the float model behind the parts, from their output to its result
   */
  public record Window(
      int index, List<Segment> parts, Streams streams, BiFunction<Ops, Tensor, Tensor> rest) {
    public Window {
      parts = List.copyOf(parts);
    }

    /** Runs the parts one after the other. */
    public BiFunction<Ops, Tensor, Tensor> forward() {
      return chain(parts);
    }

    /** All linear layers, in the order of execution. */
    public List<Linear> linears() {
      return parts.stream().flatMap(part -> part.stages().stream()).flatMap(List::stream).toList();
    }

    /** Whether the first part is a block, not the embedding or the head. */
    public boolean isBlock() {
      return index > 0 && !parts.getFirst().isLast();
    }
  }

  /**
   * Walks through the model of {@code task} with all its samples.
   *
   * @param inputs of the model, batch by batch
   * @param blocks most blocks in a window, at least 1
   * @param bothTargets whether windows also get what the float part makes of the inputs of the
   *     quantized one
   */
  public static void run(
      ModelTask task, List<Tensor> inputs, int blocks, boolean bothTargets, Visitor visitor) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a window needs at least 1 block, was " + blocks);
    }
    Ops ops = task.ops();
    List<Segment> parts = Segment.of(task.model());
    List<Segment> floatParts = Segment.of(task.floatModel().get());
    List<Tensor> present = inputs;
    List<Tensor> exact = inputs;
    task.progress().begin("reconstruct", parts.size(), "parts");
    for (int i = 0; i < parts.size(); i++) {
      Segment part = parts.get(i);
      boolean block = i > 0 && !part.isLast();
      int end = block ? Math.min(i + blocks, parts.size() - 1) : i + 1;
      List<Segment> window = parts.subList(i, end);
      BiFunction<Ops, Tensor, Tensor> original = chain(floatParts.subList(i, end));
      List<Tensor> floatOutputs = floatParts.get(i).forward(ops, exact);
      if (window.stream().anyMatch(BlockWalk::hasLinears)) {
        List<Tensor> targets = end == i + 1 ? floatOutputs : outputs(ops, original, exact);
        Optional<List<Tensor>> second =
            bothTargets ? Optional.of(outputs(ops, original, present)) : Optional.empty();
        visitor.learn(
            new Window(
                i,
                window,
                new Streams(present, exact, targets, second, Optional.empty()),
                chain(floatParts.subList(end, floatParts.size()))));
      }
      visitor.finish(part);
      present = part.forward(ops, present);
      exact = floatOutputs;
      task.progress().to(i + 1, part.name());
    }
  }

  private static boolean hasLinears(Segment part) {
    return part.stages().stream().anyMatch(stage -> !stage.isEmpty());
  }

  private static BiFunction<Ops, Tensor, Tensor> chain(List<Segment> parts) {
    List<Segment> own = new ArrayList<>(parts);
    return (ops, x) -> {
      Tensor y = x;
      for (Segment part : own) {
        y = part.forward().apply(ops, y);
      }
      return y;
    };
  }

  /** What a part makes of each of {@code inputs}, without gradients. */
  static List<Tensor> outputs(Ops ops, BiFunction<Ops, Tensor, Tensor> part, List<Tensor> inputs) {
    return new Segment("window", List.of(), part, false).forward(ops, inputs);
  }
}
