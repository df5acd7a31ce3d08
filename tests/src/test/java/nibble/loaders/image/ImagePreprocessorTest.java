package nibble.loaders.image;

import static nibble.loaders.image.CentreCrop.Margin.DOWN;
import static nibble.loaders.image.CentreCrop.Margin.HALF_EVEN;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImagePreprocessorTest {
  private static ImagePreprocessor of(String json) {
    return ImagePreprocessor.fromJson(
        Json.parseObject("preprocessor_config.json", json.replace('\'', '"')));
  }

  @Test
  void missingKeysTakeTheDefaultsOfTheClass() {
    ImagePreprocessor vit = of("{}");
    assertEquals(new ResizeRule.Exact(new PixelSize(224, 224)), vit.resize());
    assertEquals(Resampling.BILINEAR, vit.resampling());
    assertNull(vit.crop());
    assertEquals(1.0 / 255, vit.rescaleFactor());
    assertEquals(List.of(0.5, 0.5, 0.5), vit.mean());
    assertEquals(vit, of("{'image_processor_type':'ViTImageProcessorFast','size':null}"));
    assertEquals(vit, of("{'feature_extractor_type':'ViTFeatureExtractor'}"));
    ImagePreprocessor deit = of("{'image_processor_type':'DeiTImageProcessor'}");
    assertEquals(new ResizeRule.Exact(new PixelSize(256, 256)), deit.resize());
    assertEquals(Resampling.BICUBIC, deit.resampling());
    assertEquals(new CentreCrop(new PixelSize(224, 224), HALF_EVEN), deit.crop());
    ImagePreprocessor clip = of("{'image_processor_type':'CLIPImageProcessor'}");
    assertEquals(
        new ImagePreprocessor(
            new ResizeRule.ShortestEdge(224),
            Resampling.BICUBIC,
            new CentreCrop(new PixelSize(224, 224), DOWN),
            1.0 / 255,
            List.of(0.48145466, 0.4578275, 0.40821073),
            List.of(0.26862954, 0.26130258, 0.27577711)),
        clip);
    assertEquals(clip, of("{'image_processor_type':'BitImageProcessor'}"), "as DINOv2 has it");
    assertEquals(clip, of("{'image_processor_type':'CLIPImageProcessorPil'}"));
    assertEquals(clip, of("{'feature_extractor_type':'CLIPFeatureExtractor'}"));
    assertEquals(
        new ImagePreprocessor(
            new ResizeRule.Exact(new PixelSize(224, 224)),
            Resampling.BICUBIC,
            null,
            1.0 / 255,
            List.of(0.5, 0.5, 0.5),
            List.of(0.5, 0.5, 0.5)),
        of("{'image_processor_type':'SiglipImageProcessor'}"));
  }

  @Test
  void sizesComeInSeveralForms() {
    assertEquals(new ResizeRule.Exact(new PixelSize(32, 32)), of("{'size':32}").resize());
    assertEquals(
        new ResizeRule.Exact(new PixelSize(32, 48)),
        of("{'size':{'height':32,'width':48}}").resize());
    assertEquals(new ResizeRule.Exact(new PixelSize(32, 48)), of("{'size':[32,48]}").resize());
    assertEquals(new ResizeRule.ShortestEdge(32), of("{'size':{'shortest_edge':32}}").resize());
    assertEquals(
        new CentreCrop(new PixelSize(20, 20), HALF_EVEN),
        of("{'do_center_crop':true,'crop_size':20}").crop());
    assertEquals(
        Optional.of(new PixelSize(20, 24)),
        of("{'do_center_crop':true,'crop_size':{'height':20,'width':24}}").outputSize());
    assertEquals(Optional.empty(), of("{'size':{'shortest_edge':32}}").outputSize());
  }

  @Test
  void stepsCanBeLeftOut() {
    RgbImage image = new RgbImage(2, 1, new byte[] {0, 51, (byte) 255, 10, 20, 30});
    ImagePreprocessor raw = of("{'do_resize':false,'do_rescale':false,'do_normalize':false}");
    assertArrayEquals(new float[] {0, 10, 51, 20, 255, 30}, raw.apply(image));
    ImagePreprocessor scaled =
        of("{'do_resize':false,'image_mean':[0,0.1,0.5],'image_std':[1,0.5,0.25]}");
    assertArrayEquals(
        new float[] {0, 10 / 255f, 0.2f, -0.043137256f, 2, -1.5294118f},
        scaled.apply(image),
        1e-6f);
    assertEquals("F32 [2, 3, 1, 2]", raw.apply(List.of(image, image)).toString());
    RgbImage other = new RgbImage(1, 1, new byte[3]);
    assertThrows(BadFileException.class, () -> raw.apply(List.of(image, other)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'resample':1}|key 'resample' is 1, expected 2 (bilinear) or 3 (bicubic)",
        "{'resample':'bicubic'}|key 'resample' is a string, expected an integer",
        "{'size':0}|key 'size' asks for 0 pixels",
        "{'size':-3}|key 'size' asks for -3 pixels",
        "{'size':{'shortest_edge':100000}}|key 'size' asks for 100000 pixels",
        "{'size':{'shortest_edge':10,'longest_edge':20}}|both shortest_edge and longest_edge",
        "{'size':{'height':10}}|key 'size.width' is missing",
        "{'size':'224'}|key 'size' is a string",
        "{'do_center_crop':true,'crop_size':[1,2,3]}|key 'crop_size' is an array",
        "{'do_resize':1}|key 'do_resize' is the number 1, expected true or false",
        "{'do_flip_channel_order':true}|key 'do_flip_channel_order' is true, but this step is not"
            + " supported",
        "{'image_mean':[0.5]}|key 'image_std' has 3 numbers, but image_mean 1",
        "{'image_std':[0.5,0,0.5]}|expected 3 numbers, or 1 for grey, none of them 0",
        "{'image_processor_type':'ConvNextImageProcessor'}|expected the image processor of ViT,"
            + " DeiT, Beit, CLIP, Siglip or Bit"
      })
  void brokenConfigurationsAreRefused(String json, String reason) {
    String message = assertThrows(BadFileException.class, () -> of(json)).getMessage();
    assertTrue(
        message.startsWith("preprocessor_config.json: ") && message.contains(reason), message);
  }

  /** Levels of Pillow's {@code convert("L")}. */
  @Test
  void oneMeanMakesImagesGrey() {
    RgbImage image =
        new RgbImage(
            4, 1, new byte[] {(byte) 255, 0, 0, 0, (byte) 255, 0, 0, 0, (byte) 255, 10, 10, 10});
    ImagePreprocessor preprocessor =
        new ImagePreprocessor(null, Resampling.BILINEAR, null, 1, List.of(1.0), List.of(1.0));
    assertArrayEquals(new float[] {75, 149, 28, 9}, preprocessor.apply(image));
    assertArrayEquals(new int[] {1, 1, 1, 4}, preprocessor.apply(List.of(image)).shape().dims());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ImagePreprocessor(
                null, Resampling.BILINEAR, null, 1, List.of(1.0, 2.0), List.of(1.0, 1.0)));
  }
}
