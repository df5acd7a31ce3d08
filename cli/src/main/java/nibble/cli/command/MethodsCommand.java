package nibble.cli.command;

import java.util.List;
import java.util.Locale;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Table;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code nibble methods}: how a model can be quantized. */
@Command(
    name = "methods",
    description = "Lists the quantization methods, or shows one with its options.")
public final class MethodsCommand extends NibbleCommand {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Method to show in full.")
  private @Nullable String name;

  /** For picocli. */
  public MethodsCommand() {}

  @Override
  int run(Console console, CommonOptions common) {
    List<MethodCard> cards = cards();
    if (common.json()) {
      JsonOut.result()
          .put("methods", cards.stream().map(MethodsCommand::json).toList())
          .print(console.out());
    } else if (name == null) {
      list(cards, console);
    } else {
      show(cards.getFirst(), console);
    }
    return done();
  }

  private List<MethodCard> cards() {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    String wanted = name;
    if (wanted == null) {
      return catalogue.cards();
    }
    try {
      return List.of(catalogue.card(wanted));
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }

  private static void list(List<MethodCard> cards, Console console) {
    Table table = new Table("method", "title", "needs", "choose it", "runs packed as");
    for (MethodCard card : cards) {
      table.row(
          card.name(),
          card.title(),
          card.needs(),
          card.whenToChoose(),
          String.join(", ", card.packedSchemes()));
    }
    table.print(console.out());
  }

  private static void show(MethodCard card, Console console) {
    Table facts = new Table(card.name(), card.title());
    facts.row("source", card.paper());
    facts.row("needs", card.needs());
    facts.row("choose it", card.whenToChoose());
    facts.row(
        "runs packed as",
        card.packedSchemes().isEmpty()
            ? "nothing yet: simulated only"
            : String.join(", ", card.packedSchemes()));
    facts.print(console.out());
    console.out().println();
    if (card.options().isEmpty()) {
      console.out().println("No options.");
      return;
    }
    Table options = new Table("option (--set)", "takes", "default", "meaning");
    for (MethodOption option : card.options()) {
      options.row(
          option.name(),
          option.accepts(),
          String.valueOf(option.defaultValue()),
          option.description());
    }
    options.print(console.out());
  }

  private static JsonOut json(MethodCard card) {
    return JsonOut.object()
        .put("name", card.name())
        .put("title", card.title())
        .put("source", card.paper())
        .put("needs", card.needs())
        .put("when_to_choose", card.whenToChoose())
        .put("packed_schemes", card.packedSchemes())
        .put("options", card.options().stream().map(MethodsCommand::json).toList());
  }

  private static JsonOut json(MethodOption option) {
    return JsonOut.object()
        .put("name", option.name())
        .put("type", option.kind().name().toLowerCase(Locale.ROOT))
        .put("default", option.defaultValue())
        .put("choices", option.choices())
        .put("description", option.description());
  }
}
