package nibble.loaders.hf;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.FolderWriter;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;

/**
 * The files of a model folder that belong to the model whatever becomes of its weights:
 * preprocessing, tokenizer, generation, pooling.
 */
public final class CompanionFiles {
  private static final String MODULES = "modules.json";

  private static final List<String> NAMES =
      List.of(
          Checkpoint.PREPROCESSOR,
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.txt",
          "vocab.json",
          "merges.txt",
          "tokenizer.model",
          "spiece.model",
          "generation_config.json",
          "chat_template.jinja",
          MODULES,
          "sentence_bert_config.json",
          "config_sentence_transformers.json");

  private CompanionFiles() {}

  /**
   * Copies those that {@code from} has, and the folders that {@code modules.json} names.
   *
   * @throws BadFileException if {@code modules.json} is broken
   * @throws nibble.loaders.WriteFailedException if a file cannot be copied
   */
  public static void copy(Path from, FolderWriter to) {
    for (String name : NAMES) {
      Path file = from.resolve(name);
      if (Files.isRegularFile(file)) {
        to.copy(file);
      }
    }
    Path modules = from.resolve(MODULES);
    if (Files.isRegularFile(modules) && Json.read(modules) instanceof JsonArray list) {
      for (int i = 0; i < list.size(); i++) {
        String folder = list.object(i).string("path", "");
        if (!folder.isEmpty()) {
          copyModule(from, folder, to);
        }
      }
    }
  }

  private static void copyModule(Path from, String name, FolderWriter to) {
    Path folder = from.resolve(name);
    if (!from.normalize().equals(folder.normalize().getParent())) {
      throw BadFileException.of(
          from.resolve(MODULES),
          "names the module folder '" + name + "', which is not in the model folder");
    }
    if (!Files.isDirectory(folder)) {
      return; // a hub snapshot has no folder for a module without files, such as normalisation
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, Files::isRegularFile)) {
      for (Path file : files) {
        to.copy(file, name);
      }
    } catch (IOException e) {
      throw BadFileException.of(folder, "cannot be read: " + e.getMessage());
    }
  }
}
