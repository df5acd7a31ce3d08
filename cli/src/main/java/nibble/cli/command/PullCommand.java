package nibble.cli.command;

import java.util.List;
import java.util.Locale;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Progress;
import nibble.loaders.hf.ModelId;
import nibble.loaders.hub.Hub;
import nibble.loaders.hub.PullListener;
import nibble.loaders.hub.PulledModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code nibble pull}: a model of the hub into the cache, from where other commands take it by its
 * name.
 */
@Command(name = "pull", description = "Downloads a model from the hub into the standard cache.")
public final class PullCommand extends NibbleCommand {
  @Parameters(paramLabel = "NAME", description = "Model on the hub, such as org/name.")
  private String name = "";

  @Option(
      names = "--revision",
      paramLabel = "R",
      description = "Branch, tag or commit (default: ${DEFAULT-VALUE}).")
  private String revision = ModelId.MAIN;

  @Option(
      names = "--file",
      paramLabel = "PATTERN",
      description = "Only files of this name or glob, such as '*.Q4_0.gguf'; may be repeated.")
  private List<String> files = List.of();

  @Option(
      names = "--offline",
      description = "Do not use the network: say where the model is, if it is there.")
  private boolean offline;

  /** For picocli. */
  public PullCommand() {}

  /** Shows how the download goes. */
  private static final class Report implements PullListener, AutoCloseable {
    private static final double MEGABYTE = 1e6;

    private final Console console;
    private @Nullable Progress progress;

    Report(Console console) {
      this.console = console;
    }

    @Override
    public void begin(long here, long total) {
      if (here < total) {
        progress = console.progress("pull", megabytes(total), "MB").from(megabytes(here));
      }
    }

    @Override
    public void progress(String file, long done) {
      if (progress != null) {
        progress.to(megabytes(done), file);
      }
    }

    @Override
    public void note(String line) {
      console.note("pull  " + line);
    }

    private static long megabytes(long bytes) {
      return (long) Math.ceil(bytes / MEGABYTE);
    }

    @Override
    public void close() {
      if (progress != null) {
        progress.close();
      }
    }
  }

  @Override
  int run(Console console, CommonOptions common) {
    ModelId model = model();
    Hub hub = offline ? Hub.ofUser().offline() : Hub.ofUser();
    PulledModel pulled;
    long start = System.nanoTime();
    try (Report report = new Report(console)) {
      pulled = hub.pull(model, files, report);
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    if (common.json()) {
      JsonOut.result()
          .put("model", model.name())
          .put("revision", model.revision())
          .put("commit", pulled.commit())
          .put("folder", pulled.folder().toString())
          .put(
              "files",
              pulled.files().stream()
                  .map(file -> JsonOut.object().put("name", file.name()).put("bytes", file.bytes()))
                  .toList())
          .put("bytes", pulled.bytes())
          .put("downloaded_bytes", pulled.downloadedBytes())
          .put("seconds", seconds)
          .print(console.out());
    } else {
      console
          .out()
          .printf(
              Locale.ROOT,
              "%s: %d files, %,d bytes, of which %,d were downloaded%n%s%n",
              model,
              pulled.files().size(),
              pulled.bytes(),
              pulled.downloadedBytes(),
              pulled.folder());
    }
    return done();
  }

  private ModelId model() {
    try {
      return new ModelId(name, revision);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(String.valueOf(e.getMessage()));
    }
  }
}
