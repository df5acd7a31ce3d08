package nibble.loaders.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The processors of CLIP, SigLIP and BiT (DINOv2), with and without keys, against {@code
 * tests/golden/image/generate.py}.
 */
class ImageProcessorGoldenTest {
  static Stream<JsonObject> cases() {
    JsonArray all = Json.readObject(Golden.path("image/cases.json")).array("cases");
    return IntStream.range(0, all.size()).mapToObj(all::object);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void inputsOfTheModelAreThoseOfTheProcessor(JsonObject c) {
    String name = c.string("name");
    ImagePreprocessor preprocessor = ImagePreprocessor.fromJson(c.object("config"));
    try (Safetensors golden = Safetensors.open(Golden.path("image/cases.safetensors"))) {
      RgbImage image = picture(golden.tensor("picture." + c.string("picture")));
      RgbImage made = preprocessor.resizeAndCrop(image);
      int[] shape = {3, made.height(), made.width()};
      assertArrayEquals(c.array("shape").ints(), shape, name);
      float[] expected = golden.tensor(name).toFloats();
      assertArrayEquals(
          expected, sampled(preprocessor.apply(image), shape, c.integer("step")), 1e-6f, name);
    }
  }

  private static RgbImage picture(Tensor levels) {
    float[] values = levels.toFloats();
    byte[] rgb = new byte[values.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (int) values[i];
    }
    return new RgbImage(levels.dim(1), levels.dim(0), rgb);
  }

  private static float[] sampled(float[] all, int[] shape, int step) {
    float[] some =
        new float[shape[0] * Math.ceilDiv(shape[1], step) * Math.ceilDiv(shape[2], step)];
    int at = 0;
    for (int channel = 0; channel < shape[0]; channel++) {
      for (int y = 0; y < shape[1]; y += step) {
        for (int x = 0; x < shape[2]; x += step) {
          some[at++] = all[(channel * shape[1] + y) * shape[2] + x];
        }
      }
    }
    return some;
  }
}
