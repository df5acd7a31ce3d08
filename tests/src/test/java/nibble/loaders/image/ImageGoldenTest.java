package nibble.loaders.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.List;
import nibble.loaders.json.Json;
import nibble.loaders.safetensors.Safetensors;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/**
 * Against tensors made by PIL 9.4 (JPEG decoding, bicubic resize) and torch 1.13 from eight
 * photographs.
 */
class ImageGoldenTest {
  private static final String REFERENCE = "reference/deit-tiny-patch16-224/";

  private final ImagePreprocessor preprocessor =
      ImagePreprocessor.fromJson(
          Json.readObject(
              SharedData.require("vit/deit-tiny-patch16-224/preprocessor_config.json")));
  private final List<RgbImage> images =
      Json.readObject(SharedData.require(REFERENCE + "summary.json")).strings("images").stream()
          .map(name -> RgbImage.decode(SharedData.require("images-dev/" + name)))
          .toList();

  @Test
  void decodedResizedAndCroppedPixelsAreThoseOfPillow() {
    try (Safetensors reference =
        Safetensors.open(SharedData.require(REFERENCE + "io8.safetensors"))) {
      for (int i = 0; i < images.size(); i++) {
        byte[] expected =
            reference.tensor("crop_u8").row(i).segment().toArray(ValueLayout.JAVA_BYTE);
        byte[] actual = preprocessor.resizeAndCrop(images.get(i)).rgb();
        int different = 0;
        for (int k = 0; k < expected.length; k++) {
          different += expected[k] == actual[k] ? 0 : 1;
        }
        assertEquals(0, different, "samples of image " + i + " that differ");
      }
    }
  }

  @Test
  void modelInputsAreThoseOfTheReference() {
    try (Safetensors reference =
        Safetensors.open(SharedData.require(REFERENCE + "io8.safetensors"))) {
      float[] expected = reference.tensor("pixel_values").toFloats();
      Tensor actual = preprocessor.apply(images);
      double worst = 0;
      for (int i = 0; i < expected.length; i++) {
        worst = Math.max(worst, Math.abs(expected[i] - actual.array()[i]));
      }
      assertTrue(
          worst <= 2 * Math.ulp(2.7f),
          "largest difference " + worst); // the reference rounds to float three times
    }
  }
}
