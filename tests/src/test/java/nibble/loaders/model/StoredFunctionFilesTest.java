package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.nn.AffineMap;
import nibble.nn.online.HadamardSite;
import nibble.nn.site.ChannelScale;
import nibble.nn.site.ChannelShift;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Site functions and maps beside blocks, written and read again. */
class StoredFunctionFilesTest {
  @TempDir private Path folder = Path.of("");

  private static ViT model() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 4);
    model
        .sites()
        .get("blocks.0.attn.q_out")
        .append(UniformQuantizer.symmetric(4, Tensor.of(new float[] {0.1f, 0.2f}, 2, 1, 1)));
    model
        .sites()
        .get("blocks.0.attn.probs")
        .append(LevelQuantizer.nearest(new float[] {0, 0.1f, 0.5f, 1}));
    var input = model.sites().get("blocks.1.mlp.fc2.input");
    input.append(new HadamardSite(24));
    input.append(
        new ChannelScale(
            Tensor.of(RandomModels.gaussian(new java.util.Random(1), 24, 1, 0.1f), 24)));
    input.append(
        new ChannelShift(
            Tensor.of(RandomModels.gaussian(new java.util.Random(2), 24, 0, 0.1f), 24)));
    input.append(UniformQuantizer.asymmetric(8, Tensor.scalar(0.02f), Tensor.scalar(100)));
    float[] map = RandomModels.gaussian(new java.util.Random(3), 16 * 16, 0, 0.1f);
    model
        .sites()
        .putBeside(
            "blocks.1",
            new AffineMap(
                Tensor.of(map, 16, 16),
                Tensor.of(RandomModels.gaussian(new java.util.Random(4), 16, 0, 1), 16)));
    return model;
  }

  private JsonObject written(ViT model) {
    ModelWriter.write(
        folder, JsonObject.empty().with("num_labels", JsonNumber.of(7)), model, JsonObject.empty());
    return Json.readObject(folder.resolve("config.json"));
  }

  @Test
  void theReadModelComputesTheSame() {
    ViT model = model();
    JsonObject config = written(model);
    assertEquals(5, config.object("nibble").findArray("site_functions").orElseThrow().size());
    Tensor pixels = RandomModels.pixels(2, 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad();
        LoadedModel read = ModelLoader.load(folder)) {
      assertArrayEquals(
          model.forward(ops, pixels).toFloats(), read.model().forward(ops, pixels).toFloats());
      assertEquals(model.sites().beside().keySet(), read.model().sites().beside().keySet());
      List<String> kinds =
          read.model().sites().get("blocks.1.mlp.fc2.input").functions().stream()
              .map(f -> f instanceof StoredFunction s ? s.stored().kind() : "online")
              .toList();
      assertEquals(List.of("online", "channel-scale", "channel-shift", "uniform"), kinds);
    }
  }

  @Test
  void theSameModelGivesTheSameBytes() throws IOException {
    JsonObject unused = written(model());
    byte[] config = Files.readAllBytes(folder.resolve("config.json"));
    byte[] weights = Files.readAllBytes(folder.resolve("model.safetensors"));
    unused = written(model());
    assertArrayEquals(config, Files.readAllBytes(folder.resolve("config.json")));
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
  }

  @Test
  void aTransformAfterStoredFunctionsHasNoFileForm() {
    ViT model = model();
    model.sites().get("blocks.1.mlp.fc2.input").append(new HadamardSite(24));
    assertThrows(IllegalArgumentException.class, () -> written(model));
  }

  private void assertBad(String from, String to, String... expected) throws IOException {
    Path config = folder.resolve("config.json");
    String text = Files.readString(config);
    assertTrue(text.contains(from), from);
    Files.writeString(config, text.replace(from, to));
    String message =
        String.valueOf(
            assertThrows(BadFileException.class, () -> ModelLoader.load(folder)).getMessage());
    for (String part : expected) {
      assertTrue(message.contains(part), message);
    }
    Files.writeString(config, text);
  }

  @Test
  void brokenFilesAreNamed() throws IOException {
    JsonObject unused = written(model());
    assertBad("\"levels\"", "\"sine\"", "config.json", "sine", "uniform");
    assertBad("\"blocks.0.attn.probs\"", "\"blocks.7.attn.probs\"", "blocks.7.attn.probs");
    assertBad("\"threshold\"", "\"border\"", "nibble.site.blocks.0.attn.probs.0.border");
    assertBad("\"blocks.1\"", "\"blocks.9\"", "blocks.9", "blocks.0");
  }
}
