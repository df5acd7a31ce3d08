package nibble.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** How much the calling thread allocates. */
public final class Allocations {
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private Allocations() {}

  /**
   * Fails unless a batch of calls allocates at most {@code bytes} a call within half a minute.
   * Compilation happens in the background and may take long on a busy machine; until then vectors
   * are allocated.
   *
   * @param name of what is called, for the message
   * @param calls of a batch
   */
  public static void assertAtMost(long bytes, String name, int calls, Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long perCall = Long.MAX_VALUE;
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (perCall > bytes && System.nanoTime() < end) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      perCall = (threads.getCurrentThreadAllocatedBytes() - before) / calls;
    }
    assertTrue(perCall <= bytes, "%s: %d bytes per call".formatted(name, perCall));
  }
}
