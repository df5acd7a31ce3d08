package nibble.loaders.image;

import java.util.List;
import java.util.Optional;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonObject;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a Hugging Face image processor: resize, centre crop, multiply by {@code
 * rescaleFactor}, subtract the mean and divide by the standard deviation of each channel. With one
 * mean, images become grey first, as Pillow's {@code convert("L")} makes them.
 *
 * @param resize null: keep the size
 * @param resampling how pixels are interpolated
 * @param crop null: keep everything
 * @param rescaleFactor usually 1/255; 1: keep 0..255
 * @param mean of red, green, blue, or of grey, after rescaling
 * @param std of red, green, blue, or of grey, after rescaling; not 0
 */
public record ImagePreprocessor(
    @Nullable ResizeRule resize,
    Resampling resampling,
    @Nullable CentreCrop crop,
    double rescaleFactor,
    List<Double> mean,
    List<Double> std) {
  private static final int LEVELS = 256;

  public ImagePreprocessor {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if ((mean.size() != RgbImage.CHANNELS && mean.size() != 1)
        || std.size() != mean.size()
        || std.contains(0.0)) {
      throw new IllegalArgumentException(
          "mean and std need 3 values each, or 1 for grey, std none of them 0; were "
              + mean
              + " and "
              + std);
    }
  }

  /**
   * The processor that {@code preprocessor_config.json} describes. Missing keys take the defaults
   * of the class that {@code image_processor_type} names (ViT, DeiT, BEiT, CLIP, SigLIP or BiT,
   * which DINOv2 uses; ViT if there is none).
   *
   * @throws BadFileException if a value is out of range, or the processor needs a step that is not
   *     supported
   */
  public static ImagePreprocessor fromJson(JsonObject config) {
    return new PreprocessorReader(config).read();
  }

  /** Channels of the results: 3, or 1 for grey. */
  public int channels() {
    return mean.size();
  }

  /** Size of every result; empty if it depends on the image. */
  public Optional<PixelSize> outputSize() {
    if (crop != null) {
      return Optional.of(crop.size());
    }
    return resize instanceof ResizeRule.Exact(PixelSize size)
        ? Optional.of(size)
        : Optional.empty();
  }

  /**
   * {@code image} after resizing and cropping, before its values change; of a grey one all three
   * channels are equal.
   */
  public RgbImage resizeAndCrop(RgbImage image) {
    RgbImage coloured = channels() == 1 ? image.grey() : image;
    RgbImage resized = resize == null ? coloured : resize.apply(coloured, resampling);
    return crop == null ? resized : crop.apply(resized);
  }

  /** {@code [channels, height, width]} model inputs of {@code image}. */
  public float[] apply(RgbImage image) {
    RgbImage cropped = resizeAndCrop(image);
    float[] out = new float[channels() * cropped.width() * cropped.height()];
    normalize(cropped, out, 0);
    return out;
  }

  /**
   * {@code [images, channels, height, width]} model inputs.
   *
   * @throws BadFileException if the results differ in size
   */
  public Tensor apply(List<RgbImage> images) {
    List<RgbImage> cropped = images.stream().map(this::resizeAndCrop).toList();
    RgbImage first = cropped.getFirst();
    Tensor batch = Tensor.zeros(cropped.size(), channels(), first.height(), first.width());
    for (int i = 0; i < cropped.size(); i++) {
      RgbImage image = cropped.get(i);
      if (image.width() != first.width() || image.height() != first.height()) {
        throw new BadFileException(
            "images of one batch must have one size, found %s and %s; add a crop_size"
                .formatted(first, image));
      }
      normalize(image, batch.array(), i * channels() * image.width() * image.height());
    }
    return batch;
  }

  private void normalize(RgbImage image, float[] out, int at) {
    byte[] rgb = image.rgb();
    int pixels = image.width() * image.height();
    float[] values = new float[LEVELS];
    for (int channel = 0; channel < channels(); channel++) {
      for (int level = 0; level < LEVELS; level++) {
        values[level] = (float) ((level * rescaleFactor - mean.get(channel)) / std.get(channel));
      }
      int plane = at + channel * pixels;
      for (int i = 0; i < pixels; i++) {
        out[plane + i] = values[rgb[i * RgbImage.CHANNELS + channel] & 0xFF];
      }
    }
  }
}
