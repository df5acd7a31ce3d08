package nibble.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** How much the calling thread allocates. */
public final class Allocations {
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private Allocations() {}

  /**
   * Fails unless a batch of calls allocates at most {@code bytes} a call before this process has
   * used a minute of processor time. Compilation happens in the background; until then vectors are
   * allocated. Processor time, unlike that of the clock, gives the compiler its share on a busy
   * machine as well.
   *
   * @param name of what is called, for the message
   * @param calls of a batch
   */
  public static void assertAtMost(long bytes, String name, int calls, Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long perCall = Long.MAX_VALUE;
    long end = process.getProcessCpuTime() + PATIENCE_NANOS;
    while (perCall > bytes && process.getProcessCpuTime() < end) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      perCall = (threads.getCurrentThreadAllocatedBytes() - before) / calls;
    }
    assertTrue(perCall <= bytes, "%s: %d bytes per call".formatted(name, perCall));
  }
}
