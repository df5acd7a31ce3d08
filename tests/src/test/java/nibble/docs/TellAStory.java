package nibble.docs;

// region generate
import java.nio.file.Path;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;

/** Continues a text and prints it as it comes. */
final class TellAStory {
  public static void main(String[] args) {
    GenerationOptions options =
        GenerationOptions.DEFAULTS.withMaxTokens(40).withTemperature(0.8).withTopP(0.9);
    try (TextGenerator generator = TextGenerator.open(Path.of(args[0]))) {
      generator.generate(
          args[1],
          options,
          piece -> {
            System.out.print(piece);
            return true; // false ends the text
          });
    }
  }
}
// endregion
