package nibble.loaders.api;

import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.warmup.KernelWarmUp;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * A model and the threads that compute it, for one caller at a time; others wait. Owns both.
 * Thread-safe.
 */
final class ModelSession implements AutoCloseable {
  private final LoadedModel loaded;
  private final Ops ops;
  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  private ModelSession(LoadedModel loaded, Ops ops, String name) {
    this.loaded = loaded;
    this.ops = ops;
    this.name = name;
  }

  /**
   * Opens the model in {@code folder} and makes an object around it.
   *
   * @param warmUp whether to wait until kernels are compiled
   * @param name of that object, for messages, such as {@code embedder}
   * @param maker makes it; the session is closed if that fails
   */
  static <T> T open(
      Path folder, int threads, boolean warmUp, String name, Function<ModelSession, T> maker) {
    LoadedModel loaded = ModelLoader.load(folder);
    ModelSession session = new ModelSession(loaded, new Ops(WorkSplitter.ofThreads(threads)), name);
    try {
      Runnable warmth = warmth(loaded, warmUp);
      T made = maker.apply(session);
      warmth.run();
      return made;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Starts to warm up, if that is wanted, and returns what waits until it is done. */
  static Runnable warmth(LoadedModel loaded, boolean warmUp) {
    return warmUp ? KernelWarmUp.start(loaded.model())::await : () -> {};
  }

  LoadedModel loaded() {
    return loaded;
  }

  /**
   * The numbers that {@code work} computes, in a scope of its own and without gradients.
   *
   * @throws IllegalStateException if the session is closed
   * @throws nibble.loaders.BadFileException if a number is not finite
   */
  float[] compute(Function<Ops, Tensor> work) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this " + name + " is closed");
      }
      float[] numbers = inference(work);
      for (float number : numbers) {
        if (!Float.isFinite(number)) {
          throw loaded.notFinite();
        }
      }
      return numbers;
    } finally {
      lock.unlock();
    }
  }

  private float[] inference(Function<Ops, Tensor> work) {
    try (Ops.Mode inference = ops.noGrad();
        Scope scope = ops.scope()) {
      return work.apply(ops).toFloats();
    }
  }

  /**
   * Waits for what is being computed, then lets go of threads and files. Closing twice does
   * nothing.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        ops.close();
        loaded.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
