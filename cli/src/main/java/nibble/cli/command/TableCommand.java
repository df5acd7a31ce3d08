package nibble.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.quantization.FolderTree;
import nibble.cli.table.Cell;
import nibble.cli.table.FolderSplit;
import nibble.cli.table.MethodTable;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Self;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code nibble table}: methods x schemes on one model and one set of images. Every cell is quantized and evaluated in processes of its own, so that seconds and peak memory are its own. The table
 * is saved after each cell; the same command goes on where it was interrupted.
 */
@Command(name = "table", description = "Quantizes a model by several methods and schemes and compares them in one table. Goes on where it was interrupted.")
public final class TableCommand extends NibbleCommand {
  private static final String RESULTS = "table.json";

  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Option(names = "--images", required = true, paramLabel = "DIR", description = "Labelled folder, or one file of CIFAR-10 (binary) or MNIST (IDX): what is evaluated.")
  private Path images = Path.of("");

  @Option(names = "--labels", paramLabel = "FILE", description = "CSV file with the columns file and class_index (default: labels.csv in the folder).")
  private @Nullable Path labels;

  @Option(names = "--split", paramLabel = "N", description = "Take N images of the folder for calibration and training, evaluate the others.")
  private int split;

  @Option(names = "--calibration", paramLabel = "PATH", description = "Instead of --split: other images to calibrate and train with.")
  private @Nullable Path calibration;

  @Option(names = "--calibration-images", paramLabel = "N", description = "How many of those at most (default: ${DEFAULT-VALUE}).")
  private int calibrationImages = 1000;

  @Option(names = "--limit", paramLabel = "N", description = "Evaluate only the first N images.")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--methods", split = ",", paramLabel = "M", description = "Methods, separated by commas (default: ${DEFAULT-VALUE}).")
  private List<String> methods = new ArrayList<>(List.of("rtn", "gptq", "quarot", "repq-vit", "repq-vit+qwt", "gplq"));

  @Option(names = "--schemes", split = ",", paramLabel = "S", description = "Schemes, separated by commas (default: ${DEFAULT-VALUE}).")
  private List<String> schemes = new ArrayList<>(List.of("W8A8", "W6A6", "W4A8", "W4A4", "W3A3"));

  @Option(names = "--set", paramLabel = "METHOD.KEY=VALUE", description = "An option of one of the methods, such as gplq.train-images=800.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder for table.json, table.md, table.html, the split, and --keep models.")
  private Path out = Path.of("");

  @Option(names = "--keep", description = "Keep the quantized models.")
  private boolean keep;

  /** For picocli. */
  public TableCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    check(common);
    Files.createDirectories(out);
    MethodTable table = begin(common);
    long total = 1L + (long) methods.size() * schemes.size();
    try (Progress progress = console.progress("table", total, "cells").from(table.cells().size())) {
      if (table.find("float", "").isEmpty()) {
        table = save(table.with(floatCell(common)));
      }
      for (String scheme : schemes) {
        for (String method : methods) {
          if (table.find(method, scheme).isEmpty()) {
            progress.to(table.cells().size(), method + " " + scheme);
            table = save(table.with(cell(method, scheme, common)));
          }
        }
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

  private void check(CommonOptions common) {
    if ((split > 0) == (calibration != null)) {
      throw CommandFailure.usage("say what to calibrate with: either --split N or --calibration PATH");
    }
    for (String key : settings.keySet()) {
      if (methods.stream().noneMatch(method -> key.startsWith(method + "."))) {
        throw CommandFailure.usage("--set %s: begins with none of the methods %s and a dot".formatted(key, String.join(", ", methods)));
      }
    }
    for (String method : methods) {
      for (String scheme : schemes) {
        try {
          RecipeOptions.runner(Presets.recipe(MethodCatalogue.standard(), method, options(method), Scheme.parse(scheme), common.seed()));
        } catch (IllegalArgumentException e) {
          throw CommandFailure.usage("%s %s: %s".formatted(method, scheme, e.getMessage()));
        }
      }
    }
  }

  private Map<String, String> options(String method) {
    Map<String, String> own = new LinkedHashMap<>();
    settings.forEach((key, value) -> {
      if (key.startsWith(method + ".")) {
        own.put(key.substring(method.length() + 1), value);
      }
    });
    return own;
  }

  /** The table as far as an interrupted run of the same arguments came. */
  private MethodTable begin(CommonOptions common) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("model", name);
    facts.put("images", images.toString());
    if (split > 0) {
      LabeledImages all = labels == null ? LabeledImages.read(images, Integer.MAX_VALUE) : LabeledImages.read(images, labels, Integer.MAX_VALUE);
      FolderSplit parts = FolderSplit.of(all, split);
      parts.write(images, calibrationList(), evaluationList());
      facts.put("calibration", "%d images of the folder: %s".formatted(parts.calibration().size(), calibrationList().getFileName()));
      facts.put("evaluation", "the other %d: %s".formatted(parts.evaluation().size(), evaluationList().getFileName()));
    } else {
      facts.put("calibration", "at most %d images of %s".formatted(calibrationImages, calibration));
    }
    if (limit != Integer.MAX_VALUE) {
      facts.put("limit", Integer.toString(limit));
    }
    settings.forEach((key, value) -> facts.put("set " + key, value));
    facts.put("seed", Long.toString(common.seed()));
    facts.put("threads", Integer.toString(common.threads()));
    Path results = out.resolve(RESULTS);
    if (!Files.exists(results)) {
      return new MethodTable(facts, List.of());
    }
    MethodTable before = MethodTable.fromJson(Json.readObject(results));
    if (!before.facts().equals(facts)) {
      throw CommandFailure.failed(
          results + ": belongs to a table with other arguments (" + before.facts() + "), expected " + facts + "; give the same ones, or another --out");
    }
    return new MethodTable(facts, before.cells());
  }

  private Path calibrationList() {
    return out.resolve("calibration.csv");
  }

  private Path evaluationList() {
    return out.resolve("evaluation.csv");
  }

  private MethodTable save(MethodTable table) throws IOException {
    Json.write(out.resolve(RESULTS), table.toJson());
    table.page().write(out.resolve("table.html"));
    try (PrintWriter writer = new PrintWriter(out.resolve("table.md").toFile(), StandardCharsets.UTF_8)) {
      table.table().printMarkdown(writer);
    }
    return table;
  }

  private Cell floatCell(CommonOptions common) throws IOException {
    JsonObject score = evaluated(name, common);
    try (OpenModel open = OpenModel.of(name)) {
      Path weights = open.loaded().checkpoint().folder().resolve(Checkpoint.WEIGHTS);
      long bytes = Files.exists(weights) ? Files.size(weights) : open.loaded().checkpoint().tensors().byteSize();
      return new Cell("float", "", score.number("top1"), 1, 0, bytes, Double.NaN, 0, "");
    }
  }

  private Cell cell(String method, String scheme, CommonOptions common) {
    Path folder = out.resolve(method + "-" + scheme.replace(' ', '_').replace(':', '_'));
    try {
      FolderTree.delete(folder);
      JsonObject made = Json.parseObject("result of quantize", Self.run(quantize(method, scheme, folder, common)));
      JsonObject score = evaluated(folder.toString(), common);
      return new Cell(
          method, scheme, score.number("top1"), score.number("agreement"), score.number("logit_mse"), made.longInteger("bytes"), made.number("seconds"),
          made.longInteger("peak_bytes", 0), "");
    } catch (CommandFailure e) {
      return Cell.failed(method, scheme, String.valueOf(e.getMessage()));
    } finally {
      if (!keep) {
        FolderTree.delete(folder);
      }
    }
  }

  private List<String> quantize(String method, String scheme, Path folder, CommonOptions common) {
    List<String> arguments = new ArrayList<>(List.of("quantize", name, "--method", method, "--scheme", scheme, "--out", folder.toString(), "--json"));
    options(method).forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
    if (!needsCalibration(method, scheme, common)) {
      return withCommon(arguments, common);
    }
    Path other = calibration;
    if (other == null) {
      arguments.addAll(List.of("--calibration", images.toString(), "--calibration-list", calibrationList().toString()));
    } else {
      arguments.addAll(List.of("--calibration", other.toString()));
    }
    arguments.addAll(List.of("--calibration-images", Integer.toString(other == null ? split : calibrationImages)));
    return withCommon(arguments, common);
  }

  private boolean needsCalibration(String method, String scheme, CommonOptions common) {
    RecipeRunner runner = RecipeOptions.runner(Presets.recipe(MethodCatalogue.standard(), method, options(method), Scheme.parse(scheme), common.seed()));
    try (OpenModel open = OpenModel.of(name)) {
      return runner.needsCalibration(open.model());
    }
  }

  private JsonObject evaluated(String model, CommonOptions common) {
    List<String> arguments = new ArrayList<>(List.of("eval", model, "--json", "--images", images.toString()));
    if (split > 0) {
      arguments.addAll(List.of("--labels", evaluationList().toString()));
    } else if (labels != null) {
      arguments.addAll(List.of("--labels", String.valueOf(labels)));
    }
    if (!model.equals(name)) {
      arguments.addAll(List.of("--reference", name));
    }
    if (limit != Integer.MAX_VALUE) {
      arguments.addAll(List.of("--limit", Integer.toString(limit)));
    }
    return Json.parseObject("result of eval " + model, Self.run(withCommon(arguments, common)));
  }

  private static List<String> withCommon(List<String> arguments, CommonOptions common) {
    arguments.addAll(List.of("--quiet", "--threads", Integer.toString(common.threads()), "--seed", Long.toString(common.seed())));
    return arguments;
  }
}
