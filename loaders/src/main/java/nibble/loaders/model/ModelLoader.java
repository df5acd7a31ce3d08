package nibble.loaders.model;

import java.nio.file.Path;
import java.util.OptionalLong;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.quantized.StoredWeights;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.online.OnlineTransform;

/** Builds models from checkpoints, float or quantized. */
public final class ModelLoader {
  private ModelLoader() {}

  /**
   * The model in {@code folder}. Its weights are views of the mapped files until they are packed
   * for execution or changed; close the result when the model is not used any more.
   *
   * @throws nibble.loaders.BadFileException if a file is missing or broken, or the architecture is
   *     not known
   */
  public static LoadedModel load(Path folder) {
    Checkpoint checkpoint = Checkpoint.open(folder);
    try {
      return new LoadedModel(checkpoint, model(checkpoint));
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  private static Model model(Checkpoint checkpoint) {
    JsonObject config = checkpoint.config();
    ModelFamily family = ModelFamilies.of(config);
    StoredWeights stored = StoredWeights.of(checkpoint.tensors(), config);
    Model model = family.build(config, new CheckpointWeights(checkpoint.tensors(), stored));
    installTransforms(model, config);
    StoredFunctionFiles.install(model, config, checkpoint.tensors());
    StoredFormFiles.install(model, config, checkpoint.tensors());
    CacheFormatFiles.install(model, config, checkpoint.tensors());
    for (Linear linear : model.linears()) {
      if (stored.has(linear.weight().name())) {
        stored.executed(linear.weight().name()).ifPresent(linear::execute);
      }
    }
    for (Embedding table : model.tables()) {
      String name = table.weight().name();
      if (stored.has(name)) {
        stored.table(name).ifPresent(table::execute);
      }
    }
    return model;
  }

  private static void installTransforms(Model model, JsonObject config) {
    JsonArray transforms =
        config
            .findObject("nibble")
            .flatMap(n -> n.findArray("online_transforms"))
            .orElse(JsonArray.ofInts());
    for (int i = 0; i < transforms.size(); i++) {
      JsonObject transform = transforms.object(i);
      String site = transform.string("site");
      try {
        model
            .sites()
            .get(site)
            .append(
                OnlineTransform.of(
                    transform.string("kind"), transform.integer("size"), signSeed(transform)));
      } catch (IllegalArgumentException e) {
        throw transform.error("for site '" + site + "': " + e.getMessage());
      }
    }
  }

  private static OptionalLong signSeed(JsonObject transform) {
    return transform.has("sign_seed")
        ? OptionalLong.of(transform.longInteger("sign_seed"))
        : OptionalLong.empty();
  }
}
