package nibble.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import nibble.cli.bench.KernelBench;
import nibble.cli.bench.KernelBench.Measurement;
import nibble.cli.bench.Machine;
import nibble.cli.bench.ModelBench;
import nibble.cli.bench.Peaks;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Table;
import nibble.kernels.platform.VectorSupport;
import nibble.quant.method.NearMatches;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble bench}: how fast this machine is. */
@Command(
    name = "bench",
    description =
        "Measures kernels beside the peaks of this machine, and a model where one is named.")
public final class BenchCommand extends NibbleCommand {
  @Parameters(arity = "0..1", paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private @Nullable String name;

  @Option(
      names = "--kernel",
      paramLabel = "K",
      description = "Only these kernels, separated by commas; 'none' for the model alone.",
      split = ",")
  private @Nullable List<String> kernels;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description =
          "A measurement ends when nothing has become faster for so long (default:"
              + " ${DEFAULT-VALUE}).")
  private double seconds = 0.4;

  /** For picocli. */
  public BenchCommand() {}

  /** What was measured of a model. */
  private record Model(Optional<Double> first, List<ModelBench.Speed> speeds) {}

  @Override
  int run(Console console, CommonOptions common) {
    if (!(seconds >= 0.001 && seconds <= 600)) {
      throw CommandFailure.usage("--seconds must be 0.001 to 600, was " + seconds);
    }
    List<String> chosen = chosen();
    int threads = common.threads();
    Model model =
        model(threads); // before all else: its first result counts from the start of the process
    KernelBench bench = new KernelBench(seconds, threads);
    List<Peaks> peaks = chosen.isEmpty() ? List.of() : bench.peaks();
    List<Measurement> measurements = new ArrayList<>();
    if (!chosen.isEmpty()) {
      try (Progress progress = console.progress("bench", chosen.size(), "kernels")) {
        bench.run(
            chosen,
            measurement -> {
              measurements.add(measurement);
              progress.to(1 + chosen.indexOf(measurement.kernel()));
            });
      }
    }
    if (common.json()) {
      json(threads, peaks, measurements, model).print(console.out());
    } else {
      print(console, threads, peaks, measurements, model);
    }
    return done();
  }

  private List<String> chosen() {
    List<String> all = KernelBench.names();
    List<String> wanted = kernels;
    if (wanted == null) {
      return all;
    }
    if (wanted.equals(List.of("none"))) {
      return List.of();
    }
    for (String kernel : wanted) {
      if (!all.contains(kernel)) {
        throw CommandFailure.usage(
            "there is no kernel '%s'%s".formatted(kernel, NearMatches.hint(kernel, all)));
      }
    }
    return all.stream().filter(wanted::contains).toList();
  }

  private @Nullable Model model(int threads) {
    if (name == null) {
      return null;
    }
    try (OpenModel open = OpenModel.of(name)) {
      return open.checked(
          () ->
              new Model(
                  ModelBench.secondsToFirstResult(open.model(), threads),
                  ModelBench.speeds(open.model(), threads, seconds)));
    }
  }

  private static void print(
      Console console,
      int threads,
      List<Peaks> peaks,
      List<Measurement> measurements,
      @Nullable Model model) {
    Table facts = new Table("what", "value");
    facts.row("processor", Machine.processor());
    facts.row("Java", Machine.java());
    facts.row(
        "kernels",
        VectorSupport.isAvailable() ? "vector, %d bits".formatted(VectorSupport.bits()) : "scalar");
    facts.row("threads", Integer.toString(threads));
    for (Peaks peak : peaks) {
      facts.row(
          "peak, " + threadCount(peak.threads()),
          String.format(
              Locale.ROOT,
              "%.1f GFLOP/s multiply-add, %.1f GB/s read",
              peak.flops() * 1e-9,
              peak.bytesPerSecond() * 1e-9));
    }
    if (model != null) {
      model
          .first()
          .ifPresent(
              time ->
                  facts.row("start to first result", String.format(Locale.ROOT, "%.2f s", time)));
      for (ModelBench.Speed speed : model.speeds()) {
        facts.row(
            "%s, %s".formatted(speed.work(), threadCount(speed.threads())),
            String.format(Locale.ROOT, "%.1f %s/s", speed.perSecond(), speed.unit()));
      }
    }
    PeakMemory.bytes()
        .ifPresent(
            bytes ->
                facts.row(
                    "peak memory of the process",
                    String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000)));
    facts.print(console.out());
    if (!measurements.isEmpty()) {
      console.out().println();
      kernelTable(peaks, measurements).print(console.out());
    }
  }

  private static Table kernelTable(List<Peaks> peaks, List<Measurement> measurements) {
    Table table =
        new Table(
                "kernel",
                "operands",
                "threads",
                "time (us)",
                "GFLOP/s",
                "of peak",
                "GB/s",
                "of read peak")
            .alignRight(2, 3, 4, 5, 6, 7);
    for (Measurement m : measurements) {
      Peaks peak = peak(peaks, m);
      table.row(
          m.kernel(),
          m.shape(),
          Integer.toString(m.threads()),
          String.format(Locale.ROOT, "%.1f", m.secondsPerCall() * 1e6),
          m.operations() == 0 ? "-" : String.format(Locale.ROOT, "%.1f", m.rate() * 1e-9),
          m.operations() == 0 ? "-" : percent(m.rate() / peak.flops()),
          String.format(Locale.ROOT, "%.1f", m.bytesPerSecond() * 1e-9),
          percent(m.bytesPerSecond() / peak.bytesPerSecond()));
    }
    return table;
  }

  private static JsonOut json(
      int threads, List<Peaks> peaks, List<Measurement> measurements, @Nullable Model model) {
    JsonOut result =
        JsonOut.result()
            .put("processor", Machine.processor())
            .put("java", Machine.java())
            .put("vector_bits", VectorSupport.bits())
            .put("threads", threads)
            .put(
                "peaks",
                peaks.stream()
                    .map(
                        p ->
                            JsonOut.object()
                                .put("threads", p.threads())
                                .put("flops", p.flops())
                                .put("bytes_per_second", p.bytesPerSecond()))
                    .toList())
            .put("kernels", measurements.stream().map(m -> json(m, peak(peaks, m))).toList());
    if (model != null) {
      result.put("seconds_to_first_result", model.first().orElse(Double.NaN));
      result.put("speeds", model.speeds().stream().map(BenchCommand::json).toList());
    }
    PeakMemory.bytes().ifPresent(bytes -> result.put("peak_bytes", bytes));
    return result;
  }

  private static JsonOut json(Measurement m, Peaks peak) {
    JsonOut json =
        JsonOut.object()
            .put("name", m.kernel())
            .put("operands", m.shape())
            .put("threads", m.threads())
            .put("seconds", m.secondsPerCall());
    if (m.operations() > 0) {
      json.put("operations_per_second", m.rate()).put("share_of_peak", m.rate() / peak.flops());
    }
    return json.put("bytes_per_second", m.bytesPerSecond())
        .put("share_of_memory", m.bytesPerSecond() / peak.bytesPerSecond());
  }

  private static JsonOut json(ModelBench.Speed speed) {
    return JsonOut.object()
        .put("work", speed.work())
        .put("threads", speed.threads())
        .put(speed.unit() + "_per_second", speed.perSecond());
  }

  private static Peaks peak(List<Peaks> peaks, Measurement m) {
    return peaks.stream().filter(p -> p.threads() == m.threads()).findFirst().orElseThrow();
  }

  private static String threadCount(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }
}
