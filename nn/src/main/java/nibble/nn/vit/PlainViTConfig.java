package nibble.nn.vit;

import nibble.nn.Activation;

/**
 * The dimensions of a {@link PlainViT}.
 *
 * @param imageSize width and height in pixels
 * @param patchSize width and height of a patch in pixels; divides the image size
 * @param channels colour channels
 * @param hidden width of the residual stream; a multiple of {@code heads}
 * @param layers number of blocks
 * @param heads attention heads
 * @param attentionScale factor of the attention scores; models of this kind often have {@code 1 /
 *     sqrt(hidden)}
 * @param intermediate width of the feed-forward layers and of the hidden layer of the head
 * @param activation non-linearity of the feed-forward layers and of the head
 * @param epsilon of the normalisations
 * @param qkvBias whether query, key and value have biases; they do after a transform has shifted
 *     what they read
 * @param labels number of classes
 */
public record PlainViTConfig(
    int imageSize,
    int patchSize,
    int channels,
    int hidden,
    int layers,
    int heads,
    float attentionScale,
    int intermediate,
    Activation activation,
    float epsilon,
    boolean qkvBias,
    int labels) {

  public PlainViTConfig {
    Dimensions.grid(imageSize, patchSize);
    Dimensions.positive("num_channels", channels);
    Dimensions.positive("hidden_size", hidden);
    Dimensions.positive("num_hidden_layers", layers);
    Dimensions.positive("num_attention_heads", heads);
    Dimensions.positive("intermediate_size", intermediate);
    Dimensions.positive("num_labels", labels);
    Dimensions.multiple("hidden_size", hidden, "num_attention_heads", heads);
    Dimensions.epsilon(epsilon);
    if (!(attentionScale > 0) || Float.isInfinite(attentionScale)) {
      throw new IllegalArgumentException("attention_scale must be positive, was " + attentionScale);
    }
  }

  /** The same dimensions as they are after a transform of the model. */
  PlainViTConfig with(boolean biases) {
    return new PlainViTConfig(
        imageSize,
        patchSize,
        channels,
        hidden,
        layers,
        heads,
        attentionScale,
        intermediate,
        activation,
        epsilon,
        biases,
        labels);
  }

  /** Tokens of one image, the class token included. */
  public int tokens() {
    int side = imageSize / patchSize;
    return side * side + 1;
  }
}
