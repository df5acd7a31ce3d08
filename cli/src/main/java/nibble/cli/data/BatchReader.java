package nibble.cli.data;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import nibble.cli.terminal.CommandFailure;
import org.jspecify.annotations.Nullable;

/** Batches in order, the next one made on a thread of its own while the present one is used. */
public final class BatchReader implements AutoCloseable {
  private final ExecutorService thread;
  private final Order order;
  private final int batchSize;
  private final long end;
  private Batch current;
  private Batch following;
  private @Nullable Future<?> pending;
  private long position;

  /**
   * @param from first position in the order
   * @param end position after the last one; the last batch may be smaller
   */
  public BatchReader(ImageSet set, Order order, int batchSize, long from, long end) {
    this.order = order;
    this.batchSize = batchSize;
    this.end = end;
    position = from;
    current = new Batch(set, batchSize);
    following = new Batch(set, batchSize);
    thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread worker = new Thread(task, "nibble-batches");
              worker.setDaemon(true);
              return worker;
            });
    readAhead();
  }

  /** All images of a set, once, in order. */
  public static BatchReader once(ImageSet set, int batchSize) {
    return new BatchReader(set, Order.sequential(), batchSize, 0, set.size());
  }

  /**
   * The next batch, valid until the next call; null after the last. What reading it threw is thrown
   * here.
   */
  public @Nullable Batch next() {
    Future<?> reading = pending;
    if (reading == null) {
      return null;
    }
    try {
      reading.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.failed("interrupted while waiting for images");
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
    Batch done = following;
    following = current;
    current = done;
    readAhead();
    return done;
  }

  private void readAhead() {
    int images = (int) Math.min(batchSize, end - position);
    if (images <= 0) {
      pending = null;
      return;
    }
    Batch target = following;
    long first = position;
    pending = thread.submit(() -> target.read(order, first, images));
    position += images;
  }

  private static RuntimeException rethrown(@Nullable Throwable cause) {
    return switch (cause) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null, default -> new IllegalStateException("reading a batch failed", cause);
    };
  }

  /** Stops the thread. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
