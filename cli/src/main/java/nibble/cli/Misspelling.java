package nibble.cli;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import nibble.quant.method.NearMatches;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what a word that is no command and no option may have meant. */
final class Misspelling {
  private Misspelling() {}

  /** The message for an unknown command or option; empty for other failures. */
  static Optional<String> in(ParameterException failure) {
    if (!(failure instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return Optional.empty();
    }
    CommandSpec command = failure.getCommandLine().getCommandSpec();
    String word = unmatched.getUnmatched().getFirst();
    if (unmatched.isUnknownOption()) {
      List<String> options =
          command.options().stream().map(option -> option.longestName()).toList();
      return Optional.of("unknown option '" + word + "'" + meant(word, options));
    }
    return command.subcommands().isEmpty()
        ? Optional.of("one argument too many: '" + word + "'")
        : Optional.of(
            "unknown command '" + word + "'" + meant(word, command.subcommands().keySet()));
  }

  private static String meant(String word, Collection<String> known) {
    List<String> near = NearMatches.of(word, known);
    return near.isEmpty() ? "" : ", did you mean " + String.join(" or ", near) + "?";
  }
}
