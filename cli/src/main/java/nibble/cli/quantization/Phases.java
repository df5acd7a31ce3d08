package nibble.cli.quantization;

import java.util.ArrayList;
import java.util.List;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.quant.model.MethodProgress;
import org.jspecify.annotations.Nullable;

/**
 * Shows the parts of a method's work on a console, one after the other, and keeps how long each
 * took.
 */
public final class Phases implements MethodProgress, AutoCloseable {
  private final Console console;
  private final List<Phase> ended = new ArrayList<>();
  private @Nullable Progress current;
  private String name = "";
  private String unit = "";
  private long done;
  private long begun;

  Phases(Console console) {
    this.console = console;
  }

  /**
   * A part of the work.
   *
   * @param count units of work done
   * @param unit what was counted, in the plural
   */
  public record Phase(String name, long count, String unit, double seconds) {}

  @Override
  public void begin(String phase, long total, String units) {
    close();
    current = console.progress(phase, Math.max(1, total), units);
    name = phase;
    unit = units;
    done = 0;
    begun = System.nanoTime();
  }

  @Override
  public void to(long count, String detail) {
    Progress progress = current;
    if (progress == null) {
      throw new IllegalStateException("no phase has begun");
    }
    done = count;
    progress.to(count, detail);
  }

  /** All parts that have ended. */
  List<Phase> ended() {
    return List.copyOf(ended);
  }

  @Override
  public void close() {
    Progress progress = current;
    if (progress != null) {
      progress.close();
      ended.add(new Phase(name, done, unit, (System.nanoTime() - begun) * 1e-9));
      current = null;
    }
  }
}
