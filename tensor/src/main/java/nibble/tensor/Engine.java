package nibble.tensor;

import java.util.Comparator;
import java.util.PriorityQueue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Elementwise;

/** Runs operators: memory, threads, recording, and the way back. What {@link Ops} is built on. */
final class Engine {
  /**
   * Scalar steps that are worth a task of their own. Fixed, so that results do not depend on the
   * number of threads.
   */
  static final int GRAIN = 1 << 15;

  private final Ops ops;
  private final WorkSplitter splitter;
  private final Gemm gemm = Gemm.best();
  private final Workspace workspace = new Workspace();
  private boolean gradMode = true;
  private boolean rehearsing;
  private boolean relevanceMode;
  private long recorded;

  Engine(Ops ops, WorkSplitter splitter) {
    this.ops = ops;
    this.splitter = splitter;
  }

  Ops ops() {
    return ops;
  }

  WorkSplitter splitter() {
    return splitter;
  }

  Gemm gemm() {
    return gemm;
  }

  Workspace workspace() {
    return workspace;
  }

  boolean isRecording() {
    return gradMode;
  }

  /** Sets grad mode and returns what it was. */
  boolean setGradMode(boolean on) {
    boolean before = gradMode;
    gradMode = on;
    return before;
  }

  /** Whether what is computed without a record now is recorded when it is computed again. */
  boolean isRehearsing() {
    return rehearsing;
  }

  /** Sets that, and returns what it was. */
  boolean setRehearsing(boolean on) {
    boolean before = rehearsing;
    rehearsing = on;
    return before;
  }

  /** Sets whether relevance runs back in place of gradients, and returns what it was. */
  boolean setRelevanceMode(boolean on) {
    boolean before = relevanceMode;
    relevanceMode = on;
    return before;
  }

  /** A working tensor whose content is undefined: whoever asks for it writes every element. */
  Tensor empty(Shape shape) {
    return new Tensor(workspace.take(Math.toIntExact(shape.size())), DType.F32, shape);
  }

  /** A working tensor of zeros. */
  Tensor zeros(Shape shape) {
    Tensor result = empty(shape);
    java.util.Arrays.fill(result.array(), 0);
    return result;
  }

  /** Items {@code from} to {@code to}, on one thread. */
  @FunctionalInterface
  interface Range {
    void run(int from, int to, Scratch scratch);
  }

  /** Number of blocks into which {@link #blocks} cuts. */
  static int blockCount(int items, long workPerItem) {
    int size = blockSize(workPerItem);
    return (int) (((long) items + size - 1) / size);
  }

  /** Items of one block. */
  static int blockSize(long workPerItem) {
    return (int) Math.max(1, GRAIN / Math.max(1, workPerItem));
  }

  /** Runs {@code range} over blocks of items that are worth {@link #GRAIN} steps each. */
  void blocks(int items, long workPerItem, Range range) {
    int size = blockSize(workPerItem);
    splitter.run(
        blockCount(items, workPerItem),
        (block, scratch) ->
            range.run(block * size, (int) Math.min(items, (long) (block + 1) * size), scratch));
  }

  /** Computes an operator, and records it if grad mode is on and an input requires a gradient. */
  Tensor apply(Operator operator, Tensor... inputs) {
    boolean record = gradMode && (operator instanceof Checkpoint || requireGrad(inputs));
    Tensor[] in = new Tensor[inputs.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = working(inputs[i]);
    }
    Tensor out = operator.forward(this, in);
    if (out.track() != null || isOneOf(out, in)) {
      out = out.detach();
    }
    if (record) {
      Node node =
          new Node(this, recorded++, relevanceMode ? new Relevance(operator) : operator, in, out);
      out.withTrack(Track.resultOf(node, out.shape()));
    }
    return out;
  }

  private static boolean requireGrad(Tensor[] inputs) {
    for (Tensor input : inputs) {
      if (input.requiresGrad()) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOneOf(Tensor tensor, Tensor[] tensors) {
    for (Tensor other : tensors) {
      if (other == tensor) {
        return true;
      }
    }
    return false;
  }

  /** {@code x}, or a copy in workspace memory if it is strided or not F32 on the heap. */
  Tensor working(Tensor x) {
    if (x.isWorking()) {
      return x;
    }
    Tensor copy = empty(x.shape());
    x.copyTo(copy.array(), copy.offset());
    return copy;
  }

  /** Number of the next operator. */
  long recorded() {
    return recorded;
  }

  /**
   * Runs back from {@code root} with gradient {@code seed}.
   *
   * @param oldest operators with smaller numbers must not be reached
   */
  void backward(Tensor root, Tensor seed, long oldest) {
    Track track = root.track();
    if (track == null) {
      throw new IllegalStateException(
          "nothing was recorded for this tensor: no input requires a gradient, or grad mode was"
              + " off");
    }
    boolean before = setGradMode(false);
    try {
      PriorityQueue<Node> open =
          new PriorityQueue<>(Comparator.comparingLong(Node::number).reversed());
      deliver(track, seed, false, open, oldest);
      for (Node node = open.poll(); node != null; node = open.poll()) {
        Node.Gradients gradients = node.release();
        for (int i = 0; i < node.inputs().length; i++) {
          Track input = node.inputs()[i];
          Tensor share = gradients.inputs()[i];
          if (input != null && share != null) {
            deliver(input, share, gradients.owns(i), open, oldest);
          }
        }
        if (gradients.isUsedUp()) {
          workspace.giveBack(gradients.of().storage());
        }
      }
    } finally {
      setGradMode(before);
    }
  }

  private void deliver(
      Track track, Tensor share, boolean owned, PriorityQueue<Node> open, long oldest) {
    Node producer = track.producer();
    if (producer == null) {
      deliverToLeaf(track, share, owned);
      return;
    }
    if (producer.engine() != this) {
      throw new IllegalStateException(
          "this graph was recorded by another Ops; use one Ops for a whole forward computation");
    }
    if (producer.number() < oldest) {
      throw new IllegalStateException(
          "a checkpointed function uses a recorded tensor that is not among its inputs; pass it as"
              + " an input");
    }
    if (producer.receive(share, owned)) {
      open.add(producer);
    }
  }

  private void deliverToLeaf(Track leaf, Tensor share, boolean owned) {
    Tensor grad = leaf.grad();
    if (grad != null) {
      addTo(grad, share);
    } else if (owned) {
      workspace.letGo(share.storage());
      leaf.setGrad(share);
    } else {
      leaf.setGrad(Tensor.of(share.toFloats(), share.shape().dims()));
    }
  }

  /** {@code sum += share}. */
  void addTo(Tensor sum, Tensor share) {
    add(sum, share, sum);
  }

  /** A new tensor {@code a + b} of equal shapes. */
  Tensor sum(Tensor a, Tensor b) {
    Tensor result = empty(a.shape());
    add(a, b, result);
    return result;
  }

  private void add(Tensor a, Tensor b, Tensor out) {
    blocks(
        (int) a.size(),
        1,
        (from, to, scratch) ->
            Elementwise.best()
                .add(
                    to - from,
                    a.array(),
                    a.offset() + from,
                    b.array(),
                    b.offset() + from,
                    out.array(),
                    out.offset() + from));
  }
}
