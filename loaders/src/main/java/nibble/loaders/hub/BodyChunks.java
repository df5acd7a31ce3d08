package nibble.loaders.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, piece by piece. Unlike an input stream of {@code java.net.http} it gives
 * up when nothing comes for a while.
 */
final class BodyChunks implements BodySubscriber<BodyChunks>, AutoCloseable {
  /**
   * What arrives from the thread of the connection. At most one piece waits, because the next is
   * asked for when one was taken.
   */
  private sealed interface Event {
    record Data(List<ByteBuffer> buffers) implements Event {}

    record Failure(Throwable cause) implements Event {}

    record End() implements Event {}
  }

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<BodyChunks> self = CompletableFuture.completedFuture(this);
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private final Deque<ByteBuffer> ready = new ArrayDeque<>();

  /**
   * The next bytes; null at the end of the body.
   *
   * @param patience how long to wait for them
   * @throws IOException if the connection broke, the body ended too early, or nothing came
   */
  @Nullable ByteBuffer next(Duration patience) throws IOException, InterruptedException {
    while (ready.isEmpty()) {
      switch (events.poll(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        case null -> throw new HttpTimeoutException("no bytes for " + patience.toSeconds() + " s");
        case Event.End _ -> {
          return null;
        }
        case Event.Failure(Throwable cause) ->
            throw cause instanceof IOException e ? e : new IOException(cause);
        case Event.Data(List<ByteBuffer> buffers) -> {
          ready.addAll(buffers);
          subscription.join().request(1);
        }
      }
    }
    return ready.remove();
  }

  @Override
  public CompletionStage<BodyChunks> getBody() {
    return self;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription.complete(given);
    given.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    events.add(new Event.Data(buffers));
  }

  @Override
  public void onError(Throwable cause) {
    events.add(new Event.Failure(cause));
  }

  @Override
  public void onComplete() {
    events.add(new Event.End());
  }

  /** Stops the transfer. */
  @Override
  public void close() {
    if (subscription.isDone()) {
      subscription.join().cancel();
    }
  }
}
