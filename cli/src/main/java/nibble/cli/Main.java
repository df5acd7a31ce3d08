package nibble.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import nibble.cli.command.BenchCommand;
import nibble.cli.command.ClassifyCommand;
import nibble.cli.command.CompareCommand;
import nibble.cli.command.DemoCommand;
import nibble.cli.command.EmbedCommand;
import nibble.cli.command.EvalCommand;
import nibble.cli.command.GenerateCommand;
import nibble.cli.command.ImagesCommand;
import nibble.cli.command.InspectCommand;
import nibble.cli.command.MethodsCommand;
import nibble.cli.command.PlanCommand;
import nibble.cli.command.PullCommand;
import nibble.cli.command.QuantizeCommand;
import nibble.cli.command.ReportCommand;
import nibble.cli.command.ServeCommand;
import nibble.cli.command.TableCommand;
import nibble.cli.command.TrainCommand;
import nibble.cli.command.Version;
import nibble.cli.terminal.ExitStatus;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code nibble}: parses the command line, runs one command, turns whatever happens
 * into an exit status.
 */
@Command(
    name = "nibble",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Runs, quantizes and evaluates transformers, in Java alone.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      InspectCommand.class,
      ClassifyCommand.class,
      EmbedCommand.class,
      GenerateCommand.class,
      EvalCommand.class,
      DemoCommand.class,
      CompareCommand.class,
      TableCommand.class,
      QuantizeCommand.class,
      PlanCommand.class,
      TrainCommand.class,
      BenchCommand.class,
      MethodsCommand.class,
      ReportCommand.class,
      ServeCommand.class,
      ImagesCommand.class,
      PullCommand.class,
    },
    footer = {
      "",
      "MODEL is a folder in Hugging Face layout, org/name in the hub cache, or 'demo'.",
      "Exit status: 0 done, 1 failure, 2 usage, 3 quality gate missed, 130 interrupted."
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** For picocli. */
  public Main() {}

  /** Called when no command is named. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given");
  }

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] args) {
    ResultStream result = new ResultStream(new FileOutputStream(FileDescriptor.out));
    PrintWriter out = new PrintWriter(result, false, StandardCharsets.UTF_8);
    PrintWriter err =
        new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    int status = run(out, err, args);
    out.flush();
    if (result.failure() != null) {
      status = Failures.resultNotWritten(result.failure(), status, err);
    }
    err.flush();
    Runtime.getRuntime().exit(status);
  }

  /**
   * Runs one command in this process.
   *
   * @param out takes the result
   * @param err takes progress and one line per failure
   * @return the exit status, see {@link ExitStatus}
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine commandLine = new CommandLine(new Main());
    commandLine.setOut(out).setErr(err);
    commandLine.setUsageHelpAutoWidth(true).setUsageHelpLongOptionsMaxWidth(32);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setParameterExceptionHandler(Failures::usage);
    commandLine.setExecutionExceptionHandler(
        (failure, ignored, parsed) ->
            Failures.report(failure, err, Failures.wantsStackTrace(args)));
    try {
      return commandLine.execute(args);
    } catch (
        Throwable
            failure) { // errors pass through picocli: no memory, no stack, a class that does not
      // load
      return Failures.report(failure, err, Failures.wantsStackTrace(args));
    } finally {
      out.flush();
    }
  }
}
