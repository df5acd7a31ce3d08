package nibble.kernels.parallel;

/**
 * Runs independent tasks on one or more threads and waits for all of them.
 *
 * <p>A splitter serves one call of {@link #run} at a time; a second thread that calls meanwhile
 * waits. A task that calls {@code run} of its own splitter runs the inner tasks one after the other
 * on its own thread.
 */
public interface WorkSplitter extends AutoCloseable {

  /** One piece of work. */
  @FunctionalInterface
  interface Task {
    /**
     * @param index number of this task, from 0 to {@code tasks - 1}
     * @param scratch reusable memory of the thread that runs the task; its content is undefined on
     *     entry
     */
    void run(int index, Scratch scratch);
  }

  /** Number of threads that share the work, the calling thread included; at least 1. */
  int workers();

  /**
   * Runs {@code tasks} tasks and returns when every one has ended. Which thread runs which task is
   * not specified. If tasks throw, one of the exceptions is rethrown after all running tasks have
   * ended; tasks not begun by then may be skipped.
   */
  void run(int tasks, Task task);

  /** Stops the threads. The calling thread must not be inside {@link #run}. */
  @Override
  void close();

  /** A splitter that runs everything on the calling thread, with scratch memory of its own. */
  static WorkSplitter serial() {
    return new SerialSplitter();
  }

  /**
   * A splitter with {@code workers} threads in all: the calling thread and {@code workers - 1}
   * daemon threads that spin for a moment and then park between calls. Close it to end them.
   */
  static WorkSplitter ofThreads(int workers) {
    if (workers < 1) {
      throw new IllegalArgumentException("workers must be at least 1, was " + workers);
    }
    return workers == 1 ? new SerialSplitter() : new ThreadTeam(workers);
  }
}
