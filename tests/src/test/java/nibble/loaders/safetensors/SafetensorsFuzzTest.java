package nibble.loaders.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import nibble.loaders.BadFileException;
import nibble.tensor.DType;
import nibble.tensor.Tensor;

/**
 * Whatever happens to the bytes of a file, it is either read or refused with {@link
 * BadFileException}.
 */
class SafetensorsFuzzTest {
  private static final String INTERESTING = "{}[]\",:-0199999e.\\u _FIUB";
  private static Path folder = Path.of("");
  private static byte[] valid = {};

  @BeforeContainer
  static void writeValidFile() throws IOException {
    folder = Files.createTempDirectory("nibble-fuzz");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("layer.0.weight", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    tensors.put("layer.0.bias", Tensor.of(new float[] {1, 2}, 2).to(DType.BF16));
    tensors.put("codes", Tensor.of(new float[] {1, 2, 3}, 3).to(DType.U8));
    Path file = folder.resolve("valid.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    valid = Files.readAllBytes(file);
  }

  @AfterContainer
  static void deleteFiles() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  @Property(tries = 300)
  void mutatedBytes(
      @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 1 << 20) Integer> places,
      @ForAll byte value,
      @ForAll boolean text) {
    byte[] mutated = valid.clone();
    for (int place : places) {
      byte inserted =
          text ? (byte) INTERESTING.charAt((place >>> 4) % INTERESTING.length()) : value;
      mutated[place % mutated.length] = inserted;
    }
    readOrRefuse(mutated);
  }

  @Property(tries = 100)
  void removedOrRepeatedBytes(
      @ForAll @IntRange(max = 1 << 20) int from,
      @ForAll @IntRange(min = 1, max = 20) int count,
      @ForAll boolean repeat) {
    int at = 8 + from % (valid.length - 8);
    int end = Math.min(valid.length, at + count);
    byte[] mutated =
        Arrays.copyOf(valid, repeat ? valid.length + end - at : valid.length - (end - at));
    System.arraycopy(
        valid,
        repeat ? at : end,
        mutated,
        repeat ? end : at,
        repeat ? valid.length - at : valid.length - end);
    readOrRefuse(mutated);
  }

  @Property(tries = 100)
  void truncatedFiles(@ForAll @IntRange(max = 1 << 20) int length) {
    readOrRefuse(Arrays.copyOf(valid, length % (valid.length + 64)));
  }

  private static void readOrRefuse(byte[] content) {
    try {
      Path file = Files.write(folder.resolve("mutated.safetensors"), content);
      try (Safetensors read = Safetensors.open(file)) {
        read.tensors().values().forEach(Tensor::toFloats);
      } catch (BadFileException e) {
        assertEquals(1, e.getMessage().lines().count());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
