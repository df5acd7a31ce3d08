package nibble.cli.command;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Table;
import nibble.loaders.hf.Checkpoint;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble inspect}: what a model folder holds. */
@Command(
    name = "inspect",
    description =
        "Shows architecture, parameters, number types, sizes, quantization and sites of a model.")
public final class InspectCommand extends NibbleCommand {
  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Option(names = "--tensors", description = "List every tensor of the files.")
  private boolean tensors;

  @Option(names = "--sites", description = "List every place where a quantizer may stand.")
  private boolean sites;

  /** For picocli. */
  public InspectCommand() {}

  /** Stored tensors of one number type. */
  private record Stored(long count, long bytes) {
    Stored plus(Tensor tensor) {
      return new Stored(count + 1, bytes + tensor.byteSize());
    }
  }

  @Override
  int run(Console console, CommonOptions common) {
    try (OpenModel open = OpenModel.of(name)) {
      if (common.json()) {
        json(open).print(console.out());
      } else {
        text(open, console);
      }
    }
    return done();
  }

  private JsonOut json(OpenModel open) {
    Model model = open.model();
    Checkpoint checkpoint = open.loaded().checkpoint();
    long bytes = checkpoint.tensors().byteSize();
    JsonOut types = JsonOut.object();
    byType(checkpoint)
        .forEach(
            (type, stored) ->
                types.put(
                    type,
                    JsonOut.object().put("tensors", stored.count()).put("bytes", stored.bytes())));
    JsonOut result =
        JsonOut.result()
            .put("folder", checkpoint.folder().toString())
            .put("architecture", model.architecture())
            .put("parameters", model.parameterCount())
            .put("bytes", bytes)
            .put("bits_per_weight", 8.0 * bytes / model.parameterCount())
            .put("blocks", model.blocks().size())
            .put("dtypes", types)
            .put("quantized", isQuantized(model))
            .put("formats", formats(open))
            .put("caches", Extras.caches(model))
            .put("site_functions", Extras.siteFunctions(model))
            .put("sites", model.sites().all().stream().map(Site::name).toList());
    if (model instanceof ImageClassifier classifier) {
      result.put("image_size", classifier.imageSize()).put("classes", classifier.classes());
    }
    if (tensors) {
      result.put(
          "tensors",
          checkpoint.tensors().tensors().entrySet().stream()
              .map(entry -> tensorJson(entry.getKey(), entry.getValue()))
              .toList());
    }
    return result;
  }

  private static JsonOut tensorJson(String name, Tensor tensor) {
    List<Integer> dims = Arrays.stream(tensor.shape().dims()).boxed().toList();
    return JsonOut.object()
        .put("name", name)
        .put("dtype", tensor.dtype().toString())
        .put("shape", dims)
        .put("bytes", tensor.byteSize());
  }

  private void text(OpenModel open, Console console) {
    Model model = open.model();
    Checkpoint checkpoint = open.loaded().checkpoint();
    long bytes = checkpoint.tensors().byteSize();
    Table facts = new Table("what", "value");
    facts.row("folder", checkpoint.folder().toString());
    facts.row("architecture", model.architecture());
    if (model instanceof ImageClassifier classifier) {
      facts.row(
          "image size",
          classifier.imageSize() + " x " + classifier.imageSize() + " x " + classifier.channels());
      facts.row("classes", Integer.toString(classifier.classes()));
    }
    facts.row("blocks", Integer.toString(model.blocks().size()));
    facts.row("linear layers", Integer.toString(model.linears().size()));
    facts.row("sites", Integer.toString(model.sites().all().size()));
    facts.row("parameters", String.format(Locale.ROOT, "%,d", model.parameterCount()));
    facts.row("bytes", String.format(Locale.ROOT, "%,d", bytes));
    facts.row(
        "bits per weight",
        String.format(Locale.ROOT, "%.2f", 8.0 * bytes / model.parameterCount()));
    byType(checkpoint)
        .forEach(
            (type, stored) ->
                facts.row(
                    "stored as " + type,
                    String.format(
                        Locale.ROOT, "%,d tensors, %,d bytes", stored.count(), stored.bytes())));
    facts.row("quantization", isQuantized(model) ? String.join("; ", formats(open)) : "none");
    row(facts, "key-value cache", Extras.caches(model));
    row(facts, "in sites", Extras.siteFunctions(model));
    facts.print(console.out());
    if (tensors) {
      console.out().println();
      Table list = new Table("tensor", "dtype", "shape", "bytes").alignRight(3);
      checkpoint
          .tensors()
          .tensors()
          .forEach(
              (tensorName, tensor) ->
                  list.row(
                      tensorName,
                      tensor.dtype().toString(),
                      tensor.shape().toString(),
                      String.format(Locale.ROOT, "%,d", tensor.byteSize())));
      list.print(console.out());
    }
    if (sites) {
      console.out().println();
      model.sites().all().forEach(site -> console.out().println(site.name()));
    }
  }

  private static void row(Table facts, String what, List<String> values) {
    if (!values.isEmpty()) {
      facts.row(what, String.join("; ", values));
    }
  }

  private static Map<String, Stored> byType(Checkpoint checkpoint) {
    Map<String, Stored> types = new LinkedHashMap<>();
    checkpoint
        .tensors()
        .tensors()
        .values()
        .forEach(
            tensor ->
                types.merge(
                    tensor.dtype().toString(),
                    new Stored(0, 0).plus(tensor),
                    (a, b) -> new Stored(a.count() + b.count(), a.bytes() + b.bytes())));
    return types;
  }

  private static boolean isQuantized(Model model) {
    return model.linears().stream().anyMatch(Linear::isReplaced);
  }

  /** How the linear layers are executed, with how many layers each. */
  private static List<String> formats(OpenModel open) {
    return open.formats().entrySet().stream()
        .map(entry -> entry.getKey() + " (" + entry.getValue() + " layers)")
        .toList();
  }
}
