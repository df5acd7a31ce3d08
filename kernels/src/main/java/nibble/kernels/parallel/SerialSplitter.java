package nibble.kernels.parallel;

import java.util.concurrent.locks.ReentrantLock;

/** Everything on the calling thread. */
final class SerialSplitter implements WorkSplitter {
  private final ReentrantLock lock = new ReentrantLock();
  private final Scratch scratch = new Scratch();
  private final Scratch nested = new Scratch();

  @Override
  public int workers() {
    return 1;
  }

  @Override
  public void run(int tasks, Task task) {
    if (lock.isHeldByCurrentThread()) {
      runAll(tasks, task, lock.getHoldCount() == 1 ? nested : new Scratch());
      return;
    }
    lock.lock();
    try {
      runAll(tasks, task, scratch);
    } finally {
      lock.unlock();
    }
  }

  private static void runAll(int tasks, Task task, Scratch scratch) {
    for (int i = 0; i < tasks; i++) {
      task.run(i, scratch);
    }
  }

  @Override
  public void close() {}
}
