package nibble.cli.serve;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Lets a bounded number of requests work and a bounded number wait, in the order in which they
 * came. Whoever is let in closes the ticket. Thread-safe.
 */
final class Admission {
  private final Semaphore places;
  private final Semaphore working;
  private final int running;
  private final Duration patience;

  /** The right to work, until it is closed. */
  interface Ticket extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @param running at least 1
   * @param waiting 0 or more
   * @param patience how long a request waits
   */
  Admission(int running, int waiting, Duration patience) {
    places = new Semaphore(running + waiting, true);
    working = new Semaphore(running, true);
    this.running = running;
    this.patience = patience;
  }

  /**
   * Waits for a turn.
   *
   * @throws HttpFailure if too many wait already, or the turn does not come in time
   */
  Ticket enter() {
    if (!places.tryAcquire()) {
      throw HttpFailure.busy("too many requests are waiting; try again later");
    }
    boolean admitted = false;
    try {
      admitted = working.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw HttpFailure.ending();
    } finally {
      if (!admitted) {
        places.release();
      }
    }
    if (!admitted) {
      throw HttpFailure.busy(
          "no turn within %d s; try again later".formatted(patience.toSeconds()));
    }
    return () -> {
      working.release();
      places.release();
    };
  }

  /** Requests that are being worked on. For tests. */
  int atWork() {
    return running - working.availablePermits();
  }
}
