package nibble.cli.terminal;

import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far a task is, how fast it goes and how long it will still take: on a screen one line that is
 * rewritten, otherwise a new line every few seconds. Meant for one thread; {@link #to} costs a
 * clock reading and may be called for every item.
 */
public final class Progress implements AutoCloseable {
  private static final long SCREEN_INTERVAL = 100_000_000L;
  private static final long LOG_INTERVAL = 5_000_000_000L;
  private static final String CLEAR_LINE = "\r\u001B[K";

  private final Console console;
  private final String task;
  private final long total;
  private final String unit;
  private final LongSupplier clock;
  private final long start;
  private long first;
  private long done;
  private String note = "";
  private long nextPrint;
  private boolean lineOpen;

  /**
   * @param total how many there are, at least 1
   * @param unit plural word for what is counted
   * @param clock nanoseconds from any origin
   */
  Progress(Console console, String task, long total, String unit, LongSupplier clock) {
    if (total < 1) {
      throw new IllegalArgumentException("nothing to do: total is " + total);
    }
    this.console = console;
    this.task = task;
    this.total = total;
    this.unit = unit;
    this.clock = clock;
    start = clock.getAsLong();
    nextPrint = start + (console.terminal() ? SCREEN_INTERVAL : LOG_INTERVAL);
  }

  /**
   * Says that a resumed task begins at {@code count}, so that speed and remaining time count only
   * new work.
   */
  public Progress from(long count) {
    first = count;
    done = count;
    return this;
  }

  /** {@code count} of them are done. */
  public void to(long count) {
    done = count;
    long now = clock.getAsLong();
    if (now >= nextPrint && !console.quiet()) {
      print(now);
      nextPrint = now + (console.terminal() ? SCREEN_INTERVAL : LOG_INTERVAL);
    }
  }

  /** {@code count} are done; {@code remark} stands at the end of the line from now on. */
  public void to(long count, String remark) {
    note = remark;
    to(count);
  }

  /** Ends the line. Says the time spent if the task took more than two seconds. */
  @Override
  public void close() {
    if (console.quiet()) {
      return;
    }
    long elapsed = clock.getAsLong() - start;
    if (lineOpen) {
      console.err().print(CLEAR_LINE);
    }
    if (elapsed > 2_000_000_000L || lineOpen) {
      console
          .err()
          .println(
              String.format(
                  Locale.ROOT,
                  "%s  %,d %s in %s%s",
                  task,
                  done,
                  unit,
                  duration(elapsed),
                  note.isEmpty() ? "" : "  " + note));
    }
    console.err().flush();
    lineOpen = false;
  }

  private void print(long now) {
    String line = line(now - start);
    if (console.terminal()) {
      console.err().print(CLEAR_LINE + line);
      lineOpen = true;
    } else {
      console.err().println(line);
    }
    console.err().flush();
  }

  private String line(long elapsed) {
    double perSecond = (done - first) / (elapsed * 1e-9);
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT, "%s  %,d/%,d %s  %d %%", task, done, total, unit, 100 * done / total));
    if (perSecond > 0) {
      line.append(
          String.format(
              Locale.ROOT, perSecond < 10 ? "  %.2f %s/s" : "  %.0f %s/s", perSecond, unit));
      line.append("  ").append(duration((long) ((total - done) / perSecond * 1e9))).append(" left");
    }
    return note.isEmpty() ? line.toString() : line + "  " + note;
  }

  /** A span of time for people: "0.4 s", "12 s", "3 min 05 s", "2 h 07 min". */
  public static String duration(long nanoseconds) {
    double seconds = nanoseconds * 1e-9;
    if (seconds < 9.95) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    if (whole < 3600) {
      return "%d min %02d s".formatted(whole / 60, whole % 60);
    }
    return "%d h %02d min".formatted(whole / 3600, whole % 3600 / 60);
  }
}
