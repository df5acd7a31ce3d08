package nibble.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.ModelWriter;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.RandomWeights;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;

/** The folder of a ViT with random weights that takes 16 x 16 pictures of the built-in set. */
final class TinyModel {
  static final int LINEARS = 8;

  private TinyModel() {}

  static Path write(Path folder) throws IOException {
    return write(folder, model());
  }

  static Path write(Path folder, ViT model) throws IOException {
    Files.createDirectories(folder);
    ModelWriter.write(
        folder,
        JsonObject.empty().with("num_labels", JsonNumber.of(64)),
        model,
        JsonObject.empty());
    JsonObject preprocessor =
        JsonObject.builder()
            .put("size", JsonObject.builder().put("height", 16).put("width", 16).build())
            .put("resample", 2)
            .put("image_mean", JsonArray.ofDoubles(0.5, 0.5, 0.5))
            .put("image_std", JsonArray.ofDoubles(0.5, 0.5, 0.5))
            .build();
    Json.write(folder.resolve(Checkpoint.PREPROCESSOR), preprocessor);
    return folder;
  }

  static ViT model() {
    ViTConfig config =
        new ViTConfig(
            ViTConfig.VIT,
            16,
            4,
            3,
            32,
            1,
            4,
            48,
            Activation.GELU,
            1e-6f,
            true,
            64,
            Norm.Kind.LAYER);
    return new ViT(config, new RandomWeights(new Random(7), 0.2f));
  }
}
