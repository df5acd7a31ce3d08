package nibble.cli.serve;

import java.time.Duration;

/**
 * Counts requests that are being answered, so that a server can end after the last one.
 * Thread-safe.
 */
final class InFlight {
  private int count;
  private boolean ending;

  /** Counts a request in; returns false, and does not, if no more are taken. */
  synchronized boolean enter() {
    if (!ending) {
      count++;
    }
    return !ending;
  }

  synchronized void leave() {
    count--;
    notifyAll();
  }

  /** Lets no request in any more and waits until all have left, or {@code grace} is over. */
  synchronized void drain(Duration grace) {
    ending = true;
    long end = System.nanoTime() + grace.toNanos();
    try {
      for (long left = grace.toNanos(); count > 0 && left > 0; left = end - System.nanoTime()) {
        wait(left / 1_000_000 + 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
