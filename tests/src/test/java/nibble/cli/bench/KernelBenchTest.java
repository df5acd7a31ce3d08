package nibble.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelBenchTest {
  @Test
  void everyKernelRuns() {
    List<KernelBench.Measurement> all = new ArrayList<>();
    new KernelBench(0.0005, 2).run(KernelBench.names(), all::add);
    assertEquals(
        new HashSet<>(KernelBench.names()),
        new HashSet<>(all.stream().map(KernelBench.Measurement::kernel).toList()));
    for (KernelBench.Measurement measurement : all) {
      assertTrue(
          measurement.secondsPerCall() > 0
              && measurement.bytesPerSecond() > 0
              && Double.isFinite(measurement.rate()),
          measurement.toString());
    }
    assertTrue(all.stream().anyMatch(measurement -> measurement.threads() == 2));
  }

  @Test
  void aStopwatchFindsTheTimeOfACall() {
    double found =
        new Stopwatch(0.02)
            .secondsPerCall(
                () -> {
                  long end = System.nanoTime() + 500_000;
                  while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                  }
                });
    assertEquals(0.0005, found, 0.0004);
  }
}
