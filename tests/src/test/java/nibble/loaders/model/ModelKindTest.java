package nibble.loaders.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import nibble.nn.ImageClassifier;
import nibble.nn.Model;
import nibble.nn.clip.ClipModel;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.TextEncoder;
import nibble.testing.Golden;
import org.junit.jupiter.api.Test;

/** The kind that a configuration tells is that of the model that is built from it. */
class ModelKindTest {
  @Test
  void theKindIsKnownBeforeTheModel() throws IOException {
    Set<ModelKind> seen = EnumSet.noneOf(ModelKind.class);
    for (String group : List.of("text", "clip", "swin", "dinov2", "vit_small")) {
      for (Path folder : folders(Golden.path(group))) {
        try (LoadedModel loaded = ModelLoader.load(folder)) {
          assertEquals(kind(loaded.model()), ModelKind.of(folder), folder.toString());
          seen.add(kind(loaded.model()));
        }
      }
    }
    assertTrue(seen.containsAll(EnumSet.allOf(ModelKind.class)), seen.toString());
  }

  private static List<Path> folders(Path group) throws IOException {
    try (Stream<Path> all = Files.walk(group)) {
      return all.filter(path -> Files.exists(path.resolve("config.json"))).sorted().toList();
    }
  }

  private static ModelKind kind(Model model) {
    return switch (model) {
      case CausalLanguageModel m -> ModelKind.LANGUAGE_MODEL;
      case TextEncoder m -> ModelKind.TEXT_ENCODER;
      case ImageClassifier m -> ModelKind.IMAGE_CLASSIFIER;
      case ClipModel m -> ModelKind.IMAGES_AND_TEXTS;
      default -> throw new AssertionError(model.architecture());
    };
  }
}
