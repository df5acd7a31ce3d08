package nibble.nn.vit;

import nibble.nn.Activation;

/**
 * The dimensions of a {@link Dinov2}.
 *
 * @param architecture {@link #DINOV2} or {@link #WITH_REGISTERS}
 * @param imageSize width and height in pixels that the positions were learned for; images of other
 *     sizes are taken too
 * @param patchSize width and height of a patch in pixels; divides the image size
 * @param channels colour channels
 * @param hidden width of the residual stream; a multiple of {@code heads}
 * @param layers number of blocks
 * @param heads attention heads
 * @param mlpRatio width of the feed-forward layer as a multiple of {@code hidden}
 * @param gated whether the feed-forward layer is SwiGLU
 * @param activation non-linearity of a feed-forward layer that is not gated
 * @param epsilon of the normalisations
 * @param qkvBias whether query, key and value have biases
 * @param registers register tokens; 0 with {@link #DINOV2}
 * @param labels number of classes
 */
public record Dinov2Config(
    String architecture,
    int imageSize,
    int patchSize,
    int channels,
    int hidden,
    int layers,
    int heads,
    double mlpRatio,
    boolean gated,
    Activation activation,
    float epsilon,
    boolean qkvBias,
    int registers,
    int labels) {

  /** DINOv2 without register tokens. */
  public static final String DINOV2 = "Dinov2ForImageClassification";

  /** DINOv2 with register tokens. */
  public static final String WITH_REGISTERS = "Dinov2WithRegistersForImageClassification";

  public Dinov2Config {
    if (!architecture.equals(DINOV2) && !architecture.equals(WITH_REGISTERS)) {
      throw new IllegalArgumentException(
          "architecture '"
              + architecture
              + "' is not a DINOv2 classifier; known are "
              + DINOV2
              + ", "
              + WITH_REGISTERS);
    }
    Dimensions.grid(imageSize, patchSize);
    Dimensions.positive("num_channels", channels);
    Dimensions.positive("hidden_size", hidden);
    Dimensions.positive("num_hidden_layers", layers);
    Dimensions.positive("num_attention_heads", heads);
    Dimensions.positive("number of labels", labels);
    Dimensions.multiple("hidden_size", hidden, "num_attention_heads", heads);
    Dimensions.epsilon(epsilon);
    Dimensions.mlpRatio(mlpRatio, hidden);
    if (registers < 0 || (registers > 0 && architecture.equals(DINOV2))) {
      throw new IllegalArgumentException(
          "num_register_tokens is "
              + registers
              + ", expected "
              + (architecture.equals(DINOV2) ? "0" : "0 or more"));
    }
  }

  /** The same dimensions as they are after a transform of the model. */
  Dinov2Config with(boolean biases) {
    return new Dinov2Config(
        architecture,
        imageSize,
        patchSize,
        channels,
        hidden,
        layers,
        heads,
        mlpRatio,
        gated,
        activation,
        epsilon,
        biases,
        registers,
        labels);
  }

  /** The first part of parameter names. */
  public String prefix() {
    return architecture.equals(DINOV2) ? "dinov2." : "dinov2_with_registers.";
  }

  /**
   * Width of the feed-forward layer; of a gated one, two thirds of what the ratio says, rounded up
   * to a multiple of 8.
   */
  public int intermediate() {
    int width = (int) (hidden * mlpRatio);
    return gated ? ((int) (width * 2.0 / 3) + 7) / 8 * 8 : width;
  }

  /** Patches along one side of an image that the positions were learned for. */
  public int grid() {
    return imageSize / patchSize;
  }

  /** Tokens of one image of {@code imageSize}: class token, registers and patches. */
  public int tokens() {
    return 1 + registers + grid() * grid();
  }
}
