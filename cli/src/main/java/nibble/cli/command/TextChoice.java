package nibble.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say on which text something is measured. */
public final class TextChoice {
  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "UTF-8 text: measures how well a language model predicts it.")
  private @Nullable Path text;

  @Option(
      names = "--sts",
      paramLabel = "FILE",
      description =
          "Lines of score, tab, sentence, tab, sentence: measures how well a text encoder ranks"
              + " them.")
  private @Nullable Path pairs;

  @Option(
      names = "--window",
      paramLabel = "N",
      description = "Tokens of a sequence (default: what the model takes, at most 1024).")
  private @Nullable Integer window;

  @Option(
      names = "--stride",
      paramLabel = "N",
      description = "Tokens from one window to the next (default: half a window).")
  private @Nullable Integer stride;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Only the first N tokens of the text.")
  private int tokens = Integer.MAX_VALUE;

  /** For picocli. */
  public TextChoice() {}

  /** The text to predict, or null. */
  @Nullable Path text() {
    return text;
  }

  /** The pairs of sentences to rank, or null. */
  @Nullable Path pairs() {
    return pairs;
  }

  /** Whether text was chosen at all. */
  boolean isGiven() {
    return text != null || pairs != null;
  }

  @Nullable Integer window() {
    return window;
  }

  @Nullable Integer stride() {
    return stride;
  }

  int tokens() {
    return tokens;
  }

  /** The same choice as arguments for another command. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    add(arguments, "--text", text);
    add(arguments, "--sts", pairs);
    add(arguments, "--window", window);
    add(arguments, "--stride", stride);
    add(arguments, "--tokens", tokens == Integer.MAX_VALUE ? null : tokens);
    return arguments;
  }

  private static void add(List<String> arguments, String option, @Nullable Object value) {
    if (value != null) {
      arguments.add(option);
      arguments.add(value.toString());
    }
  }
}
