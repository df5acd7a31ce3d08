package nibble.nn.warmup;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.platform.VectorSupport;
import nibble.nn.FloatWeight;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;

/**
 * Runs the kernels that a model will need on a thread of their own, on operands of a few elements,
 * until the compiler has seen enough of them.
 *
 * <p>A method is compiled after some thousand calls or turns of its loops. In a first pass these
 * are turns of full size, run by the interpreter, where every vector is an object: seconds pass
 * before the fast code is there. Tiny operands make the same number of calls in a small part of
 * that time.
 *
 * <p>For programs that stay: start it when a model has been opened, and {@link #await} it before
 * the first pass, which would only compete with it. A program that computes one result has it no
 * sooner this way, since the compiler needs as long.
 */
public final class KernelWarmUp {
  /** After so many rounds everything in them has been compiled. */
  private static final int ROUNDS = 1200;

  private static final Duration LIMIT = Duration.ofSeconds(3);

  private final Thread thread;
  private final long end;

  private KernelWarmUp(Thread thread, long end) {
    this.thread = thread;
    this.end = end;
  }

  /**
   * Starts a daemon thread that ends by itself after three seconds at most. Results of the model do
   * not depend on it. Scalar kernels need none: nothing is done then.
   */
  public static KernelWarmUp start(Model model) {
    return start(model, LIMIT);
  }

  static KernelWarmUp start(Model model, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    List<WeightMatrix> samples = samples(model);
    boolean rms =
        model.readers().stream().anyMatch(reader -> reader.norm().kind() == Norm.Kind.RMS);
    Thread thread = new Thread(() -> run(samples, rms, end), "nibble-warm-up");
    thread.setDaemon(true);
    thread.start();
    return new KernelWarmUp(thread, end);
  }

  /** Returns when the kernels are warm or the time is over. */
  public void await() {
    try {
      thread.join(Duration.ofNanos(Math.max(1, end - System.nanoTime())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the model works all the same
    }
  }

  /** Small weights of the forms that the model has. */
  private static List<WeightMatrix> samples(Model model) {
    Map<String, WeightMatrix> byForm = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      if (linear.isReplaced()) {
        WeightMatrix matrix = linear.matrix();
        matrix.sample().ifPresent(sample -> byForm.putIfAbsent(matrix.format(), sample));
      } else if (!byForm.containsKey("float")) {
        byForm.put("float", FloatWeight.sampleOf(linear.weight().peek().dtype()));
      }
    }
    return new ArrayList<>(byForm.values());
  }

  private static void run(Collection<WeightMatrix> samples, boolean rms, long end) {
    try (Ops ops = Ops.serial()) {
      List<TinyLayer> layers = samples.stream().map(sample -> new TinyLayer(sample, rms)).toList();
      int rounds = VectorSupport.isAvailable() ? ROUNDS : 0;
      for (int round = 0; round < rounds && System.nanoTime() - end < 0; round++) {
        for (TinyLayer layer : layers) {
          layer.forward(ops, round);
        }
      }
    }
  }
}
