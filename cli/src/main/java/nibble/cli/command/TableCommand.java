package nibble.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nibble.cli.table.MethodTable;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.loaders.json.Json;
import nibble.quant.format.Scheme;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code nibble table}: methods x schemes on one model and one set of images, or one text. Every
 * cell is quantized and evaluated in processes of its own, so that seconds and peak memory are its
 * own, unless one process is asked for. The table is saved after each cell; the same command goes
 * on where it was interrupted.
 */
@Command(
    name = "table",
    description =
        "Quantizes a model by several methods and schemes and compares them in one table. Goes on"
            + " where it was interrupted.")
public final class TableCommand extends NibbleCommand {
  private static final String RESULTS = "table.json";
  private static final int IMAGE_SAMPLES = 1000;
  private static final int TEXT_SAMPLES = 64;

  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description =
          "Labelled folder, or one file of CIFAR-10 (binary) or MNIST (IDX): what is evaluated.")
  private @Nullable Path images;

  @Mixin private TextChoice text = new TextChoice();

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "CSV file with the columns file and class_index (default: labels.csv in the folder).")
  private @Nullable Path labels;

  @Option(
      names = "--split",
      paramLabel = "N",
      description =
          "Take N images of the folder, or the last N lines of the text, for calibration and"
              + " training; evaluate the others.")
  private int split;

  @Option(
      names = "--calibration",
      paramLabel = "PATH",
      description =
          "Instead of --split: other images, or another text, to calibrate and train with.")
  private @Nullable Path calibration;

  @Option(
      names = {"--calibration-samples", "--calibration-images"},
      paramLabel = "N",
      description = "How many of those at most (default: 1000 images, 64 pieces of text).")
  private @Nullable Integer calibrationSamples;

  @Option(
      names = "--calibration-window",
      paramLabel = "N",
      description = "Tokens of a piece of text (default: what the model takes, at most 512).")
  private @Nullable Integer calibrationWindow;

  @Option(names = "--limit", paramLabel = "N", description = "Evaluate only the first N images.")
  private int limit = Integer.MAX_VALUE;

  @Option(
      names = "--methods",
      split = ",",
      paramLabel = "M",
      description = "Methods, separated by commas (default: some for images, some for text).")
  private List<String> methods = new ArrayList<>();

  @Option(
      names = "--schemes",
      split = ",",
      paramLabel = "S",
      description = "Schemes, separated by commas (default: some for images, some for text).")
  private List<String> schemes = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "METHOD.KEY=VALUE",
      description =
          "An option of one of the methods, or of all that have this part, such as"
              + " gplq.train-images=800.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder for table.json, table.md, table.html, the split, and --keep models.")
  private Path out = Path.of("");

  @Option(names = "--keep", description = "Keep the quantized models.")
  private boolean keep;

  @Option(
      names = "--one-process",
      description =
          "Measure all cells in this process, which is faster for small models; seconds then count"
              + " less compilation, and there is no peak memory.")
  private boolean oneProcess;

  /** For picocli. */
  public TableCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    TableSubject subject = subject();
    defaults();
    MethodSettings options = new MethodSettings(settings);
    CellMeasurement cells =
        new CellMeasurement(name, subject, options, common, out, keep, oneProcess);
    options.check(methods);
    check(cells);
    Files.createDirectories(out);
    MethodTable table = begin(subject, common);
    List<MethodScheme> missing = missing(table, options);
    boolean noFloat = table.find(CellMeasurement.FLOAT, "", Map.of()).isEmpty();
    int total = table.cells().size() + missing.size() + (noFloat ? 1 : 0);
    try (Progress progress = console.progress("table", total, "cells").from(table.cells().size())) {
      if (noFloat) {
        table = save(table.with(cells.ofFloat()));
      }
      for (MethodScheme next : missing) {
        progress.to(table.cells().size(), next.method() + " " + next.scheme());
        table = save(table.with(cells.of(next.method(), next.scheme())));
      }
      progress.to(total, "");
    }
    if (common.json()) {
      console.out().println(Json.compact(table.toJson()));
    } else {
      table.table().print(console.out());
    }
    return done();
  }

  /** Cells that are still to be measured, besides that of the float model. */
  private List<MethodScheme> missing(MethodTable table, MethodSettings options) {
    Set<MethodScheme> missing = new LinkedHashSet<>();
    for (String scheme : schemes) {
      for (String method : methods) {
        if (table.find(method, scheme, options.of(method)).isEmpty()) {
          missing.add(new MethodScheme(method, scheme));
        }
      }
    }
    return List.copyOf(missing);
  }

  private record MethodScheme(String method, String scheme) {}

  private TableSubject subject() {
    if ((images != null) == text.isGiven() || (text.text() != null && text.pairs() != null)) {
      throw CommandFailure.usage("choose one of --images, --text and --sts");
    }
    if ((split > 0) == (calibration != null)) {
      throw CommandFailure.usage(
          "say what to calibrate with: either --split N or --calibration PATH");
    }
    Integer samples = calibrationSamples;
    Path folder = images;
    if (folder == null) {
      if (labels != null || limit != Integer.MAX_VALUE) {
        throw CommandFailure.usage(
            "--labels and --limit go with --images; --tokens N takes the first tokens of a text");
      }
      return new TextSubject(
          text,
          split,
          calibration,
          samples == null ? TEXT_SAMPLES : samples,
          calibrationWindow,
          out);
    }
    if (calibrationWindow != null) {
      throw CommandFailure.usage("--calibration-window goes with --text and --sts");
    }
    return new ImageSubject(
        folder, labels, split, calibration, samples == null ? IMAGE_SAMPLES : samples, limit, out);
  }

  private void defaults() {
    boolean pictures = images != null;
    if (methods.isEmpty()) {
      methods.addAll(
          pictures
              ? List.of("rtn", "gptq", "quarot", "repq-vit", "repq-vit+qwt", "gplq")
              : List.of("rtn", "gptq", "awq", "smoothquant", "quarot"));
    }
    if (schemes.isEmpty()) {
      schemes.addAll(
          pictures
              ? List.of("W8A8", "W6A6", "W4A8", "W4A4", "W3A3")
              : List.of("W4A16", "W3A16", "W4A8", "W4A4"));
    }
  }

  private void check(CellMeasurement cells) {
    for (String scheme : schemes) {
      try {
        Scheme.parse(scheme);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.usage(String.valueOf(e.getMessage()));
      }
    }
    for (String method : methods) {
      List<Optional<String>> refusals =
          schemes.stream().map(scheme -> cells.refusal(method, scheme)).toList();
      if (refusals.stream().allMatch(Optional::isPresent)) {
        throw CommandFailure.usage(
            "%s %s: %s".formatted(method, schemes.getFirst(), refusals.getFirst().orElseThrow()));
      }
    }
  }

  /** The table as far as an interrupted run of the same arguments came. */
  private MethodTable begin(TableSubject subject, CommonOptions common) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("model", name);
    facts.putAll(subject.facts());
    facts.put("seed", Long.toString(common.seed()));
    facts.put("threads", Integer.toString(common.threads()));
    if (oneProcess) {
      facts.put("process", "one for all cells");
    }
    Path results = out.resolve(RESULTS);
    if (!Files.exists(results)) {
      return new MethodTable(facts, List.of());
    }
    MethodTable before = MethodTable.fromJson(Json.readObject(results));
    if (!before.facts().equals(facts)) {
      throw CommandFailure.failed(
          results
              + ": belongs to a table with other arguments ("
              + before.facts()
              + "), expected "
              + facts
              + "; give the same ones, or another --out");
    }
    return new MethodTable(facts, before.cells());
  }

  private MethodTable save(MethodTable table) throws IOException {
    Json.write(out.resolve(RESULTS), table.toJson());
    table.page().write(out.resolve("table.html"));
    try (PrintWriter writer =
        new PrintWriter(out.resolve("table.md").toFile(), StandardCharsets.UTF_8)) {
      table.table().printMarkdown(writer);
    }
    return table;
  }
}
