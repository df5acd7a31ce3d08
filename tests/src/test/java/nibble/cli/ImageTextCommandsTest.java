package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import nibble.loaders.api.ImageTextEmbedder;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Linear;
import nibble.testing.TinyModelFolder;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands with models of images and texts, as a user runs them. */
class ImageTextCommandsTest {
  @TempDir private Path temp;

  /** Both sides are quantized, written, read and run. */
  @ParameterizedTest
  @ValueSource(strings = {"clip", "siglip"})
  void bothSidesAreQuantized(String type) throws IOException {
    Path folder = TinyTextFolders.clip(temp.resolve("float"), type);
    Path small = temp.resolve("small");
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    CommandLineRun.of(
            "quantize",
            folder.toString(),
            "--method",
            "rtn",
            "--scheme",
            "W8A8",
            "--set",
            "embedding-bits=8",
            "--out",
            small.toString())
        .done();
    try (LoadedModel read = ModelLoader.load(small)) {
      Map<Boolean, List<Linear>> replaced =
          read.model().linears().stream().collect(Collectors.partitioningBy(Linear::isReplaced));
      assertEquals(List.of(), replaced.get(false));
      assertTrue(
          replaced.get(true).stream()
              .anyMatch(linear -> linear.name().equals("text.layers.1.mlp.fc2")));
      assertNotNull(read.model().tables().getFirst().replacement());
    }
    try (ImageTextEmbedder before = ImageTextEmbedder.open(folder);
        ImageTextEmbedder after = ImageTextEmbedder.open(small)) {
      double texts = cosine(before.embedText("a cat"), after.embedText("a cat"));
      double images = cosine(before.embedImage(image), after.embedImage(image));
      assertTrue(texts > 0.98 && texts < 0.9999999, "cosine of texts " + texts);
      assertTrue(images > 0.98 && images < 0.9999999, "cosine of images " + images);
    }
  }

  private static double cosine(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void theCommandsTakeBoth() throws IOException {
    String folder = TinyTextFolders.clip(temp.resolve("clip"), "clip").toString();
    String image = TinyModelFolder.image(temp.resolve("a.png"), 1).toString();
    JsonArray results =
        CommandLineRun.of("embed", folder, "a cat", "--image", image, "--json")
            .json()
            .array("results");
    assertEquals("a cat", results.object(0).string("text"));
    assertEquals(image, results.object(1).string("file"));
    assertEquals(32, results.object(1).array("vector").size());
    JsonObject classified =
        CommandLineRun.of(
                "classify", folder, image, "--label", "a cat", "--label", "a dog", "--json")
            .json();
    JsonArray top = classified.array("results").object(0).array("top");
    assertEquals(1, top.object(0).number("p") + top.object(1).number("p"), 1e-4);
    CommandLineRun.of("classify", folder, image).failed(2, "--label");
    CommandLineRun.of(
            "embed", TinyTextFolders.bert(temp.resolve("bert")).toString(), "a", "--image", image)
        .failed(2, "--image");
  }
}
