package nibble.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import nibble.cli.synthetic.PngWriter;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.ModelWriter;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;

/**
 * A model folder as users have it, with random weights: seven classes, images of 12 x 12 pixels.
 */
public final class TinyModelFolder {
  private static final String CONFIG =
      """
      {"id2label": {"0": "ant", "1": "bee", "2": "cat", "3": "dog", "4": "elk", "5": "fox", "6": "gnu"}}\
      """;
  private static final String PREPROCESSOR =
      """
      {"image_processor_type": "ViTImageProcessor", "size": {"height": %d, "width": %d}}\
      """;

  private TinyModelFolder() {}

  /** Writes the model into the new folder {@code folder} and returns it. */
  public static Path write(Path folder) throws IOException {
    return write(folder, 12);
  }

  /** The same with preprocessing that makes images of {@code side} x {@code side} pixels. */
  public static Path write(Path folder, int side) throws IOException {
    Files.createDirectories(folder);
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 16, 2, 64, true), 3);
    JsonObject config = Json.parseObject("labels", CONFIG);
    ModelWriter.write(folder, config, model, JsonObject.empty());
    Files.writeString(folder.resolve(Checkpoint.PREPROCESSOR), PREPROCESSOR.formatted(side, side));
    return folder;
  }

  /** Writes a PNG file of random colours and returns it. */
  public static Path image(Path file, long seed) throws IOException {
    byte[] rgb = new byte[3 * 20 * 16];
    new Random(seed).nextBytes(rgb);
    return Files.write(file, PngWriter.encode(rgb, 20, 16));
  }
}
