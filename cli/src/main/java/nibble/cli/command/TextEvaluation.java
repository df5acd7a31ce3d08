package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Reasons;
import nibble.cli.terminal.Table;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Encoding;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.nn.evaluation.Divergence;
import nibble.nn.evaluation.Perplexity;
import nibble.nn.evaluation.TokenWindows;
import nibble.nn.packed.Simulation;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;
import org.jspecify.annotations.Nullable;

/** What {@code nibble eval} does with text. */
final class TextEvaluation {
  private static final int WINDOW = 1024;

  private final TextChoice choice;
  private final Console console;
  private final CommonOptions common;

  TextEvaluation(TextChoice choice, Console console, CommonOptions common) {
    this.choice = choice;
    this.console = console;
    this.common = common;
  }

  /** Measures {@code model}, beside {@code reference} if there is one, and prints the result. */
  void run(String model, @Nullable String reference, boolean simulated) {
    Path text = choice.text();
    Path pairs = choice.pairs();
    if ((text == null) == (pairs == null)) {
      throw CommandFailure.usage("choose one of --text and --sts");
    }
    if (text != null) {
      perplexity(model, reference, simulated, text);
    } else if (pairs != null) {
      if (simulated) {
        throw CommandFailure.usage("--simulated does not go with --sts");
      }
      new SentenceEvaluation(console, common).run(model, reference, pairs);
    }
  }

  private void perplexity(String name, @Nullable String reference, boolean simulated, Path file) {
    try (OpenModel open = OpenModel.of(name);
        Ops ops = new Ops(common.openSplitter())) {
      CausalLanguageModel model = open.loaded().languageModel();
      if (simulated) {
        Simulation.install(model);
      }
      Tokenizer tokenizer = open.loaded().tokenizer();
      int[] ids = tokens(tokenizer, file);
      TokenWindows windows = windows(tokenizer, model);
      long start = System.nanoTime();
      try (Progress progress = console.progress("eval", 1000, "steps")) {
        if (reference == null) {
          Perplexity perplexity =
              Perplexity.of(
                  ops, model, ids, windows, share -> progress.to(Math.round(1000 * share)));
          print(perplexity, null, windows, (System.nanoTime() - start) * 1e-9);
        } else {
          try (OpenModel other = OpenModel.of(reference)) {
            Divergence divergence =
                Divergence.of(
                    ops,
                    model,
                    other.loaded().languageModel(),
                    ids,
                    windows,
                    share -> progress.to(Math.round(1000 * share)));
            print(divergence.perplexity(), divergence, windows, (System.nanoTime() - start) * 1e-9);
          }
        }
      }
    }
  }

  private int[] tokens(Tokenizer tokenizer, Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw CommandFailure.failed(file + ": cannot be read as UTF-8 text: " + Reasons.of(e));
    }
    if (choice.tokens() < 1) {
      throw CommandFailure.usage("--tokens must be at least 1, was " + choice.tokens());
    }
    Encoding encoding =
        tokenizer.encode(
            text, EncodeOptions.DEFAULTS.withAddSpecial(false).withMatchSpecial(false));
    int[] ids = encoding.ids();
    return ids.length > choice.tokens() ? Arrays.copyOf(ids, choice.tokens()) : ids;
  }

  /** Windows with the token in front that the tokenizer puts before every text, if it does. */
  private TokenWindows windows(Tokenizer tokenizer, CausalLanguageModel model) {
    int[] empty = tokenizer.encode("").ids();
    OptionalInt first = empty.length > 0 ? OptionalInt.of(empty[0]) : OptionalInt.empty();
    Integer wanted = choice.window();
    int window = wanted == null ? Math.min(model.contextLength(), WINDOW) : wanted;
    if (window > model.contextLength()) {
      throw CommandFailure.usage(
          "--window is %d, the model takes %d tokens".formatted(window, model.contextLength()));
    }
    Integer step = choice.stride();
    try {
      return new TokenWindows(window, step == null ? Math.max(1, window / 2) : step, first);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  private void print(
      Perplexity perplexity,
      @Nullable Divergence divergence,
      TokenWindows windows,
      double seconds) {
    if (!Double.isFinite(perplexity.value())) {
      throw CommandFailure.failed(
          "the model gives NaN or infinite results; its weights are damaged or its training"
              + " diverged");
    }
    if (common.json()) {
      JsonOut result =
          JsonOut.result()
              .put("tokens", perplexity.tokens())
              .put("perplexity", perplexity.value())
              .put("standard_error", perplexity.standardError())
              .put("window", windows.window())
              .put("stride", windows.stride())
              .put("seconds", seconds)
              .put("tokens_per_second", perplexity.tokens() / seconds);
      if (divergence != null) {
        result
            .put("kl", divergence.kullbackLeibler().mean())
            .put("kl_standard_error", divergence.kullbackLeibler().standardError())
            .put("agreement", divergence.agreement())
            .put("reference_perplexity", divergence.referencePerplexity().value());
      }
      PeakMemory.bytes().ifPresent(bytes -> result.put("peak_bytes", bytes));
      result.print(console.out());
      return;
    }
    Table table = new Table("measure", "value").alignRight(1);
    table.row("tokens predicted", String.format(Locale.ROOT, "%,d", perplexity.tokens()));
    table.row(
        "perplexity",
        String.format(Locale.ROOT, "%.4f +- %.4f", perplexity.value(), perplexity.standardError()));
    if (divergence != null) {
      table.row(
          "perplexity of reference",
          String.format(Locale.ROOT, "%.4f", divergence.referencePerplexity().value()));
      table.row(
          "KL divergence (nats)",
          String.format(
              Locale.ROOT,
              "%.4g +- %.2g",
              divergence.kullbackLeibler().mean(),
              divergence.kullbackLeibler().standardError()));
      table.row(
          "agreement with reference",
          String.format(Locale.ROOT, "%.2f %%", 100 * divergence.agreement()));
    }
    table.row("window, stride", "%d, %d".formatted(windows.window(), windows.stride()));
    table.row("tokens/s", String.format(Locale.ROOT, "%.0f", perplexity.tokens() / seconds));
    PeakMemory.bytes()
        .ifPresent(
            bytes ->
                table.row(
                    "peak memory of the process",
                    String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000)));
    table.print(console.out());
  }
}
