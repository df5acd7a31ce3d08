package nibble.cli.table;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Reasons;

/**
 * The lines of a text in two parts that share none: the last ones for calibration, those before for
 * evaluation. Neighbours stay together, so windows of tokens hold running text.
 */
public record TextSplit(List<String> calibration, List<String> evaluation) {
  /**
   * {@code count} lines of {@code file} for calibration. A count that leaves none for evaluation is
   * a usage error.
   */
  public static TextSplit of(Path file, int count) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw CommandFailure.failed(file + ": cannot be read as UTF-8 text: " + Reasons.of(e));
    }
    if (count < 1 || count >= lines.size()) {
      throw CommandFailure.usage(
          "--split must be 1 to %d lines for this text, was %d".formatted(lines.size() - 1, count));
    }
    return new TextSplit(
        lines.subList(lines.size() - count, lines.size()), lines.subList(0, lines.size() - count));
  }

  /** Writes both parts. */
  public void write(Path calibrationFile, Path evaluationFile) {
    try {
      Files.write(calibrationFile, calibration);
      Files.write(evaluationFile, evaluation);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
