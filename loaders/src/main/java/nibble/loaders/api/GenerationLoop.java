package nibble.loaders.api;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.generation.StopReason;
import nibble.nn.generation.TokenGenerator;
import nibble.nn.generation.TokenRequest;
import nibble.nn.generation.TokenSequence;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;

/**
 * The thread that computes the texts of all callers together, token by token. Texts join as soon as
 * there is room and leave when they end. Keys and values of the latest texts are kept, so that a
 * prompt that begins like one of them, as the next turn of a conversation does, is read from where
 * it differs.
 */
final class GenerationLoop {
  private record Waiting(GenerationTask task, TokenRequest request) {}

  private final CausalLanguageModel model;
  private final Ops ops;
  private final int most;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final Map<TokenSequence, GenerationTask> running = new LinkedHashMap<>();
  private final PrefixCaches caches;
  private final Thread thread;
  private boolean closed;
  private TokenGenerator generator;

  /**
   * @param ops becomes the loop's, which closes it
   * @param most texts at the same time
   */
  GenerationLoop(CausalLanguageModel model, Ops ops, int most) {
    this.model = model;
    this.ops = ops;
    this.most = most;
    generator = new TokenGenerator(model, ops);
    caches = new PrefixCaches(model, most);
    thread = Thread.ofPlatform().daemon().name("nibble-generator").start(this::run);
  }

  /** Queues a text. */
  synchronized void submit(GenerationTask task, TokenRequest request) {
    if (closed) {
      throw new IllegalStateException("this generator is closed");
    }
    waiting.add(new Waiting(task, request));
    notifyAll();
  }

  /**
   * Ends all texts as cancelled and waits for the thread. Returns false if it was closed before.
   */
  boolean close() {
    synchronized (this) {
      if (closed) {
        return false;
      }
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private void run() {
    try (Ops.Mode inference = ops.noGrad()) {
      while (admit()) {
        step();
      }
    } finally {
      running.values().forEach(task -> task.end(StopReason.CANCELLED));
      waiting.forEach(w -> w.task().end(StopReason.CANCELLED));
      ops.close();
    }
  }

  /**
   * Lets waiting texts in while there is room; waits while there is nothing to do. Returns false
   * once the loop is closed.
   */
  private synchronized boolean admit() {
    waiting.removeIf(
        w -> {
          if (w.task().isCancelled()) {
            w.task().end(StopReason.CANCELLED);
          }
          return w.task().isCancelled();
        });
    while (!closed && running.isEmpty() && waiting.isEmpty()) {
      try {
        wait();
      } catch (InterruptedException e) {
        return false;
      }
    }
    while (!closed && running.size() < most && !waiting.isEmpty()) {
      begin(waiting.remove());
    }
    return !closed;
  }

  private void begin(Waiting next) {
    try {
      TokenSequence sequence = generator.add(next.request(), caches.take(next.request().prompt()));
      running.put(sequence, next.task());
    } catch (RuntimeException e) {
      next.task().fail(e);
    }
  }

  /**
   * Tells the task of a sequence that has ended, and keeps what was computed for it; false if it
   * goes on.
   */
  private boolean ended(TokenSequence sequence, GenerationTask task) {
    StopReason reason = sequence.reason();
    if (reason == null) {
      return false;
    }
    caches.give(sequence.cache());
    task.end(reason);
    return true;
  }

  private void step() {
    try {
      running.forEach(
          (sequence, task) -> {
            if (task.isCancelled()) {
              sequence.cancel();
            }
          });
      generator.step();
      running.entrySet().removeIf(entry -> ended(entry.getKey(), entry.getValue()));
    } catch (RuntimeException | Error e) {
      RuntimeException cause = e instanceof RuntimeException r ? r : new IllegalStateException(e);
      List<GenerationTask> failed = new ArrayList<>(running.values());
      running.clear();
      generator = new TokenGenerator(model, ops);
      failed.forEach(task -> task.fail(cause));
    }
  }
}
