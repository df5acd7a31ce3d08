package nibble.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble generate}: text that continues a prompt, or a conversation. */
@Command(
    name = "generate",
    description =
        "Continues a prompt, or answers in a conversation. The text is printed as it comes.")
public final class GenerateCommand extends NibbleCommand {
  @Parameters(index = "0", paramLabel = "MODEL", description = "Folder or org/name.")
  private String name = "";

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "What to continue; with --chat the first question.")
  private @Nullable String prompt;

  @Option(
      names = "--chat",
      description =
          "A conversation by the model's chat template: with --prompt one answer, without it a line"
              + " of standard input each turn.")
  private boolean chat;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "With --chat: how the model is to behave.")
  private @Nullable String system;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      description = "Most tokens to generate (default: ${DEFAULT-VALUE}).")
  private int maxTokens = GenerationOptions.DEFAULTS.maxTokens();

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description =
          "0 takes the most probable token each time; more is more varied (default:"
              + " ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Only the K most probable tokens; 0 for all (default: ${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Only the most probable tokens that together have this probability (default:"
              + " ${DEFAULT-VALUE}).")
  private double topP = 1;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Only tokens at least this share as probable as the best (default: ${DEFAULT-VALUE}).")
  private double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      description =
          "Makes tokens that occurred before less probable; 1 for none (default:"
              + " ${DEFAULT-VALUE}).")
  private double repetitionPenalty = 1;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Ends before this text; may be given several times.")
  private List<String> stop = new ArrayList<>();

  /** For picocli. */
  public GenerateCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    GenerationOptions options = options(common);
    if (system != null && !chat) {
      throw CommandFailure.usage("--system needs --chat");
    }
    if (prompt == null && (!chat || common.json())) {
      throw CommandFailure.usage("name what to continue with --prompt");
    }
    try (TextGenerator generator =
        TextGenerator.builder(OpenModel.folder(name))
            .threads(common.threads())
            .sequences(1)
            .open()) {
      if (chat && !generator.canChat()) {
        throw CommandFailure.failed(name + ": has no chat template; use --prompt without --chat");
      }
      String text = prompt;
      if (text == null) {
        converse(generator, options, console);
      } else {
        once(generator, text, options, console, common);
      }
    }
    return done();
  }

  private GenerationOptions options(CommonOptions common) {
    try {
      return new GenerationOptions(
          maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, common.seed());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  private void once(
      TextGenerator generator,
      String text,
      GenerationOptions options,
      Console console,
      CommonOptions common) {
    TextListener listener = common.json() ? TextListener.NONE : printing(console.out());
    if (!chat && !common.json()) {
      console.out().print(text);
      console.out().flush();
    }
    List<ChatMessage> messages = beginning();
    messages.add(ChatMessage.user(text));
    Generation generation =
        chat
            ? generator.chat(messages, options, listener)
            : generator.generate(text, options, listener);
    if (common.json()) {
      json(text, generation).print(console.out());
    } else {
      console.out().println();
      console.out().flush();
      note(generation, console);
    }
  }

  private void converse(TextGenerator generator, GenerationOptions options, Console console)
      throws IOException {
    List<ChatMessage> messages = beginning();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = ask(in, console); line != null; line = ask(in, console)) {
      if (line.isBlank()) {
        continue;
      }
      messages.add(ChatMessage.user(line));
      Generation generation = generator.chat(messages, options, printing(console.out()));
      console.out().println();
      console.out().flush();
      messages.add(ChatMessage.assistant(generation.text()));
    }
  }

  private static @Nullable String ask(BufferedReader in, Console console) throws IOException {
    if (console.terminal() && !console.quiet()) {
      console.err().print("> ");
      console.err().flush();
    }
    return in.readLine();
  }

  private List<ChatMessage> beginning() {
    List<ChatMessage> messages = new ArrayList<>();
    String behaviour = system;
    if (behaviour != null) {
      messages.add(ChatMessage.system(behaviour));
    }
    return messages;
  }

  /** Prints pieces at once; ends the generation when nobody reads any more. */
  private static TextListener printing(PrintWriter out) {
    return piece -> {
      out.print(piece);
      out.flush();
      return !out.checkError();
    };
  }

  private static JsonOut json(String prompt, Generation generation) {
    JsonOut result =
        JsonOut.result()
            .put("prompt", prompt)
            .put("text", generation.text())
            .put("tokens", generation.tokens())
            .put("tokens_per_second", generation.tokensPerSecond())
            .put("prompt_tokens", generation.promptTokens())
            .put("first_token_seconds", generation.promptSeconds())
            .put("finish", generation.finish().name().toLowerCase(Locale.ROOT));
    PeakMemory.bytes().ifPresent(bytes -> result.put("peak_bytes", bytes));
    return result;
  }

  private static void note(Generation generation, Console console) {
    console.note(
        String.format(
            Locale.ROOT,
            "%d tokens after %d of the prompt, first after %.2f s, then %.1f tokens/s",
            generation.tokens(),
            generation.promptTokens(),
            generation.promptSeconds(),
            generation.tokensPerSecond()));
  }
}
