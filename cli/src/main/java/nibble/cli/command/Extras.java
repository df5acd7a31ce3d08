package nibble.cli.command;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.transformer.CausalLanguageModel;

/** What a model has beside the codes of its weights, in words with how often. */
final class Extras {
  private Extras() {}

  /** How keys and values of past tokens are kept, where they are kept as codes. */
  static List<String> caches(Model model) {
    return model instanceof CausalLanguageModel language
        ? counted(
            language.blocks().stream()
                .flatMap(block -> block.attention().cacheFormat().stream())
                .map(format -> format.format())
                .toList(),
            "blocks")
        : List.of();
  }

  /** What stands in its sites, such as quantizers that compute in float. */
  static List<String> siteFunctions(Model model) {
    return counted(
        model.sites().all().stream()
            .map(Site::functions)
            .flatMap(List::stream)
            .filter(StoredFunction.class::isInstance)
            .map(function -> ((StoredFunction) function).format())
            .toList(),
        "sites");
  }

  private static List<String> counted(List<String> names, String unit) {
    Map<String, Integer> counts = new TreeMap<>();
    names.forEach(name -> counts.merge(name, 1, Integer::sum));
    return counts.entrySet().stream()
        .map(entry -> "%s (%d %s)".formatted(entry.getKey(), entry.getValue(), unit))
        .toList();
  }
}
