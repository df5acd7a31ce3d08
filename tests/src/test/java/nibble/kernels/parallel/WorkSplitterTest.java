package nibble.kernels.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkSplitterTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 9})
  void everyTaskRunsOnceBeforeRunReturns(int workers) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      assertEquals(workers, splitter.workers());
      Assertions.assertTimeoutPreemptively(
          LONG,
          () -> {
            for (int round = 0; round < 2000; round++) {
              int tasks = round % 14;
              AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
              splitter.run(tasks, (task, scratch) -> runs.incrementAndGet(task));
              for (int task = 0; task < tasks; task++) {
                assertEquals(1, runs.get(task));
              }
            }
          });
    }
  }

  /** Helpers have parked by then, and a caller that has waited so long for one parks too. */
  @ParameterizedTest
  @ValueSource(ints = {2, 5})
  void sleepingThreadsAreWoken(int workers) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      Assertions.assertTimeoutPreemptively(
          LONG,
          () -> {
            for (int round = 0; round < 20; round++) {
              LockSupport.parkNanos(3_000_000);
              AtomicInteger runs = new AtomicInteger();
              splitter.run(
                  2 * workers,
                  (task, scratch) -> {
                    LockSupport.parkNanos(1_000_000);
                    runs.incrementAndGet();
                  });
              assertEquals(2 * workers, runs.get());
            }
          });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void tasksMaySplitTheirOwnWork(int workers) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      AtomicInteger runs = new AtomicInteger();
      splitter.run(7, (task, scratch) -> splitter.run(5, (inner, other) -> runs.incrementAndGet()));
      assertEquals(35, runs.get());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aFailureIsRethrownAndTheSplitterGoesOn(int workers) {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      RuntimeException failure = new IllegalStateException("task 3");
      RuntimeException thrown =
          assertThrows(
              IllegalStateException.class,
              () ->
                  splitter.run(
                      8,
                      (task, scratch) -> {
                        if (task == 3) {
                          throw failure;
                        }
                      }));
      assertSame(failure, thrown);
      AtomicInteger runs = new AtomicInteger();
      splitter.run(8, (task, scratch) -> runs.incrementAndGet());
      assertEquals(8, runs.get());
    }
  }

  @Test
  void aClosedTeamRefusesWork() {
    WorkSplitter splitter = WorkSplitter.ofThreads(2);
    splitter.close();
    assertEquals(
        "this work splitter is closed",
        assertThrows(IllegalStateException.class, () -> splitter.run(2, (task, scratch) -> {}))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void nothingOfATaskIsKept(int workers) throws InterruptedException {
    try (WorkSplitter splitter = WorkSplitter.ofThreads(workers)) {
      WeakReference<byte[]> captured = runOverAnArray(splitter);
      for (int i = 0; captured.get() != null && i < 100; i++) {
        System.gc();
        Thread.sleep(5);
      }
      assertNull(captured.get());
    }
  }

  private static WeakReference<byte[]> runOverAnArray(WorkSplitter splitter) {
    byte[] array = new byte[64];
    splitter.run(array.length, (task, scratch) -> array[task] = 1);
    return new WeakReference<>(array);
  }
}
