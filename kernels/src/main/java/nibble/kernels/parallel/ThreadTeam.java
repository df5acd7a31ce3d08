package nibble.kernels.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of daemon threads. Between rounds a helper spins for {@value #SPIN_NANOS} ns, then
 * parks, so a sequence of small kernels pays no wake-up and an idle program no processor time;
 * where the team has more threads than there are processors, it parks at once. A helper that wakes
 * too late finds its round used up and nobody waits for it.
 */
final class ThreadTeam implements WorkSplitter {
  private static final long SPIN_NANOS = 200_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Helper[] helpers;
  private final boolean maySpin;
  private final Scratch callerScratch = new Scratch();
  private volatile @Nullable Round current;
  private volatile boolean closed;

  ThreadTeam(int workers) {
    helpers = new Helper[workers - 1];
    maySpin = workers <= Runtime.getRuntime().availableProcessors();
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Helper("nibble-worker-" + (i + 1));
    }
    for (Helper helper : helpers) {
      helper.start();
    }
  }

  @Override
  public int workers() {
    return helpers.length + 1;
  }

  @Override
  public void run(int count, Task task) {
    if (Thread.currentThread() instanceof Helper helper && helper.team() == this) {
      runAll(count, task, helper.nested);
      return;
    }
    if (lock.isHeldByCurrentThread()) {
      runAll(count, task, new Scratch());
      return;
    }
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this work splitter is closed");
      }
      if (count <= 1) {
        runAll(count, task, callerScratch);
      } else {
        share(new Round(count, task));
      }
    } finally {
      lock.unlock();
    }
  }

  private void share(Round round) {
    current = round;
    int wanted = Math.min(helpers.length, round.count - 1);
    for (int i = 0; i < wanted; i++) {
      if (helpers[i].parked) {
        LockSupport.unpark(helpers[i]);
      }
    }
    round.work(callerScratch);
    Spin spin = new Spin(maySpin);
    while (!round.isDone()) {
      if (spin.goesOn()) {
        Thread.onSpinWait();
      } else {
        round.parkUnlessDone();
      }
    }
    round.forget();
    round.rethrowFailure();
  }

  private static void runAll(int count, Task task, Scratch scratch) {
    for (int i = 0; i < count; i++) {
      task.run(i, scratch);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Helper helper : helpers) {
        LockSupport.unpark(helper);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * A wait that turns for a while before it parks. The clock is read now and then only: it costs as
   * much as the turns.
   */
  private static final class Spin {
    private static final int TURNS_PER_CLOCK = 16;

    private final boolean mayTurn;
    private int turns;
    private long end;

    Spin(boolean mayTurn) {
      this.mayTurn = mayTurn;
    }

    boolean goesOn() {
      if (turns++ % TURNS_PER_CLOCK != 0 || !mayTurn) {
        return mayTurn;
      }
      long now = System.nanoTime();
      if (turns == 1) {
        end = now + SPIN_NANOS;
      }
      return now - end < 0;
    }

    void restart() {
      turns = 0;
    }
  }

  /** The tasks of one call: threads take the next index until none is left. */
  private static final class Round {
    final int count;
    private @Nullable Task task; // null once all is done: what it holds on to can go then
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Thread waiter;

    Round(int count, Task task) {
      this.count = count;
      this.task = task;
    }

    void work(Scratch scratch) {
      Task mine = task;
      if (mine == null) {
        return; // too late
      }
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          if (failure == null) {
            mine.run(i, scratch);
          }
        } catch (Throwable t) {
          failure = t;
        } finally {
          if (ended.incrementAndGet() == count) {
            LockSupport.unpark(waiter);
          }
        }
      }
    }

    void forget() {
      task = null;
    }

    boolean isDone() {
      return ended.get() == count;
    }

    void parkUnlessDone() {
      waiter = Thread.currentThread();
      if (!isDone()) { // checked after the waiter is visible: the last task either sees it or is
        // seen here
        LockSupport.park(this);
      }
    }

    void rethrowFailure() {
      Throwable thrown = failure;
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
    }
  }

  private final class Helper extends Thread {
    private final Scratch scratch = new Scratch();
    private final Scratch nested = new Scratch();
    private volatile boolean parked;

    Helper(String name) {
      super(name);
      setDaemon(true);
    }

    ThreadTeam team() {
      return ThreadTeam.this;
    }

    @Override
    public void run() {
      Round last = null;
      Spin spin = new Spin(maySpin);
      while (!closed) {
        Round round = current;
        if (round != null && round != last) {
          round.work(scratch);
          last = round;
          spin.restart();
        } else if (spin.goesOn()) {
          Thread.onSpinWait();
        } else {
          parkUnlessNew(last);
          spin.restart();
        }
      }
    }

    private void parkUnlessNew(@Nullable Round last) {
      parked = true;
      if (current == last
          && !closed) { // checked after parked is visible: a new round either sees it or is seen
        // here
        LockSupport.park(ThreadTeam.this);
      }
      parked = false;
    }
  }
}
