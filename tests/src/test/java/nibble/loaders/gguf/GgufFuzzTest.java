package nibble.loaders.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import nibble.loaders.BadFileException;

/**
 * Whatever happens to the bytes of a file, it is either read or refused with {@link
 * BadFileException}.
 */
class GgufFuzzTest {
  private static Path folder = Path.of("");
  private static byte[] valid = {};

  @BeforeContainer
  static void makeValidFile() throws IOException {
    folder = Files.createTempDirectory("nibble-gguf-fuzz");
    valid =
        new GgufBytes()
            .key("general.architecture", "llama")
            .key("words", List.of("a", "bc"))
            .key("scores", new float[] {1, 2})
            .key("n", 7)
            .floats("w", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
            .tensor("q", GgufType.Q8_0, new byte[68], 2, 32)
            .bytes();
  }

  @AfterContainer
  static void deleteFiles() throws IOException {
    Files.deleteIfExists(folder.resolve("mutated.gguf"));
    Files.delete(folder);
  }

  @Property(tries = 400)
  void mutatedBytes(
      @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 1 << 20) Integer> places,
      @ForAll byte value) {
    byte[] mutated = valid.clone();
    places.forEach(place -> mutated[place % mutated.length] = value);
    readOrRefuse(mutated);
  }

  @Property(tries = 100)
  void removedBytes(
      @ForAll @IntRange(max = 1 << 20) int from, @ForAll @IntRange(min = 1, max = 20) int count) {
    int at = from % valid.length;
    int end = Math.min(valid.length, at + count);
    byte[] mutated = Arrays.copyOf(valid, valid.length - (end - at));
    System.arraycopy(valid, end, mutated, at, valid.length - end);
    readOrRefuse(mutated);
  }

  private static void readOrRefuse(byte[] content) {
    try {
      Path file = Files.write(folder.resolve("mutated.gguf"), content);
      try (GgufFile read = GgufFile.open(file)) {
        read.tensors().values().forEach(GgufTensor::toFloats);
      } catch (BadFileException e) {
        assertEquals(1, e.getMessage().lines().count());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
