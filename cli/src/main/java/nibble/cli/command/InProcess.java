package nibble.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.ExitStatus;
import picocli.CommandLine;

/**
 * Quantizes or evaluates in this process: without starting and warming up another one, but without
 * a peak memory of its own.
 */
final class InProcess {
  private InProcess() {}

  /**
   * Runs a command and returns what it printed to stdout.
   *
   * @param arguments {@code quantize} or {@code eval} and what follows
   * @throws CommandFailure if it refuses the arguments or ends with another status than 0
   */
  static String run(List<String> arguments) throws IOException {
    NibbleCommand command =
        switch (arguments.getFirst()) {
          case "quantize" -> new QuantizeCommand();
          case "eval" -> new EvalCommand();
          default -> throw new IllegalArgumentException("no command for a cell: " + arguments);
        };
    StringWriter printed = new StringWriter();
    CommandLine line = new CommandLine(command).setOut(new PrintWriter(printed));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.parseArgs(arguments.subList(1, arguments.size()).toArray(String[]::new));
    int status;
    try {
      status = command.call();
    } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
      throw CommandFailure.failed(String.valueOf(e.getMessage()));
    }
    if (status != ExitStatus.DONE) {
      throw CommandFailure.failed(
          "nibble " + String.join(" ", arguments) + ": ended with status " + status);
    }
    return printed.toString();
  }
}
