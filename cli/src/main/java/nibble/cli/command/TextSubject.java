package nibble.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.table.TextSplit;
import nibble.cli.terminal.CommandFailure;
import org.jspecify.annotations.Nullable;

/**
 * Text to predict, or pairs of sentences to rank.
 *
 * @param split last lines of the text that are for calibration; 0 for none
 * @param calibration another text to calibrate with; null with a split
 * @param window tokens of a piece of calibration text; null for what the model takes
 * @param out where both parts lie
 */
record TextSubject(
    TextChoice choice,
    int split,
    @Nullable Path calibration,
    int samples,
    @Nullable Integer window,
    Path out)
    implements TableSubject {
  TextSubject {
    Path text = choice.text();
    if (split > 0 && text == null) {
      throw CommandFailure.usage("--split needs --text; name another text with --calibration");
    }
    if (calibration != null
        && text != null
        && calibration.toAbsolutePath().normalize().equals(text.toAbsolutePath().normalize())) {
      throw CommandFailure.usage(
          "--calibration is the text that is evaluated; name another one, or --split N to take its"
              + " last N lines");
    }
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    Path text = choice.text();
    facts.put("evaluation", String.join(" ", choice.arguments()));
    if (split > 0 && text != null) {
      TextSplit parts = TextSplit.of(text, split);
      parts.write(calibrationText(), evaluationText());
      facts.put(
          "evaluation",
          "the first %d lines of the text: %s; %s"
              .formatted(
                  parts.evaluation().size(),
                  evaluationText().getFileName(),
                  facts.get("evaluation")));
      facts.put(
          "calibration",
          "%d pieces of the last %d lines: %s"
              .formatted(samples, split, calibrationText().getFileName()));
    } else {
      facts.put("calibration", "%d pieces of %s".formatted(samples, calibration));
    }
    if (window != null) {
      facts.put("calibration window", String.valueOf(window));
    }
    return facts;
  }

  private Path calibrationText() {
    return out.resolve("calibration.txt");
  }

  private Path evaluationText() {
    return out.resolve("evaluation.txt");
  }

  @Override
  public List<String> calibrationArguments() {
    Path other = calibration;
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--calibration",
                (other == null ? calibrationText() : other).toString(),
                "--calibration-samples",
                Integer.toString(samples)));
    if (window != null) {
      arguments.addAll(List.of("--calibration-window", String.valueOf(window)));
    }
    return arguments;
  }

  @Override
  public List<String> evaluationArguments() {
    List<String> arguments = new ArrayList<>(choice.arguments());
    if (split > 0) {
      arguments.set(arguments.indexOf("--text") + 1, evaluationText().toString());
    }
    return arguments;
  }
}
