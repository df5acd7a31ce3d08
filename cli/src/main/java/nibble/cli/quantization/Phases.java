package nibble.cli.quantization;

import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.quant.model.MethodProgress;
import org.jspecify.annotations.Nullable;

/** Shows the parts of a method's work on a console, one after the other. */
final class Phases implements MethodProgress, AutoCloseable {
  private final Console console;
  private @Nullable Progress current;

  Phases(Console console) {
    this.console = console;
  }

  @Override
  public void begin(String phase, long total, String unit) {
    close();
    current = console.progress(phase, Math.max(1, total), unit);
  }

  @Override
  public void to(long done, String detail) {
    Progress progress = current;
    if (progress == null) {
      throw new IllegalStateException("no phase has begun");
    }
    progress.to(done, detail);
  }

  @Override
  public void close() {
    Progress progress = current;
    if (progress != null) {
      progress.close();
      current = null;
    }
  }
}
