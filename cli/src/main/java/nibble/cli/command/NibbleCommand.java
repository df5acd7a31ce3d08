package nibble.cli.command;

import java.io.IOException;
import java.util.concurrent.Callable;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.ExitStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What all commands have: the common options and the two streams. */
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false)
abstract class NibbleCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private CommonOptions common = new CommonOptions();

  /** Does the work and prints the result to {@code console.out()}. Returns the exit status. */
  abstract int run(Console console, CommonOptions common) throws IOException;

  @Override
  public final Integer call() throws IOException {
    Console console =
        new Console(
            spec.commandLine().getOut(),
            spec.commandLine().getErr(),
            Console.stderrIsTerminal(),
            common.quiet());
    int status = run(console, common);
    console.out().flush();
    return status;
  }

  /** How this command was started, for messages. */
  final String qualifiedName() {
    return spec.qualifiedName();
  }

  /** {@link ExitStatus#DONE}, for readable ends of {@link #run}. */
  static int done() {
    return ExitStatus.DONE;
  }
}
