package nibble.loaders.hub;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.JsonObject;

/** Which files of a repository Nibble reads. */
final class NeededFiles {
  private static final Set<String> SMALL =
      Set.of(
          Checkpoint.CONFIG,
          Checkpoint.PREPROCESSOR,
          "processor_config.json",
          "generation_config.json",
          "quantize_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "tokenizer.model",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.txt",
          "vocab.json",
          "merges.txt",
          "spiece.model",
          "sentencepiece.bpe.model",
          "chat_template.jinja",
          "chat_template.json",
          "modules.json",
          "sentence_bert_config.json",
          "config_sentence_transformers.json");

  /** The folders of sentence-transformers, such as {@code 1_Pooling}. */
  private static final Pattern MODULE =
      Pattern.compile("[0-9]+_[A-Za-z]+/(config\\.json|model\\.safetensors)");

  private NeededFiles() {}

  /** Configuration, tokenizer and the like, without weights. */
  static List<String> small(Collection<String> names) {
    return names.stream()
        .filter(name -> SMALL.contains(name) || MODULE.matcher(name).matches())
        .sorted()
        .toList();
  }

  /** Whether the weights are in several files with an index. */
  static boolean isSharded(Collection<String> names) {
    return !names.contains(Checkpoint.WEIGHTS) && names.contains(Checkpoint.INDEX);
  }

  /** The one file of weights. */
  static List<String> weights(String model, Collection<String> names) {
    if (names.contains(Checkpoint.WEIGHTS)) {
      return List.of(Checkpoint.WEIGHTS);
    }
    List<String> gguf = names.stream().filter(name -> name.endsWith(".gguf")).sorted().toList();
    String remedy =
        gguf.isEmpty()
            ? "; weights in other formats must be converted first"
            : "; it has GGUF files, of which you may choose one, as with --file " + gguf.getFirst();
    throw new HubException(
        "%s: has neither %s nor %s%s"
            .formatted(model, Checkpoint.WEIGHTS, Checkpoint.INDEX, remedy));
  }

  /** The files that {@code index} names. */
  static List<String> shards(JsonObject index, Collection<String> names) {
    JsonObject weightMap = index.object("weight_map");
    List<String> shards =
        weightMap.keys().stream().map(weightMap::string).distinct().sorted().toList();
    for (String shard : shards) {
      if (!names.contains(shard)) {
        throw weightMap.error("names the file '" + shard + "', which the repository does not have");
      }
    }
    return shards;
  }

  /**
   * The files that match one of {@code patterns}: names, or globs such as {@code *.Q4_0.gguf}.
   *
   * @throws HubException if a pattern matches nothing
   */
  static List<String> matching(String model, List<String> patterns, Collection<String> names) {
    List<String> chosen = new ArrayList<>();
    for (String pattern : patterns) {
      List<String> found = names.contains(pattern) ? List.of(pattern) : glob(pattern, names);
      if (found.isEmpty()) {
        throw new HubException(
            "%s: no file matches '%s'; it has %s"
                .formatted(model, pattern, String.join(", ", names)));
      }
      found.stream().filter(name -> !chosen.contains(name)).forEach(chosen::add);
    }
    return chosen;
  }

  private static List<String> glob(String pattern, Collection<String> names) {
    try {
      PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
      return names.stream()
          .filter(name -> RemoteFile.isSafe(name) && matcher.matches(Path.of(name)))
          .sorted()
          .toList();
    } catch (PatternSyntaxException e) {
      throw new HubException("'" + pattern + "' is no pattern: " + e.getDescription(), e);
    }
  }
}
