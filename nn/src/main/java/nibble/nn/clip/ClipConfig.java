package nibble.nn.clip;

import nibble.nn.Activation;

/**
 * The dimensions of CLIP or SigLIP.
 *
 * @param architecture Hugging Face class name, {@code CLIPModel} or {@code SiglipModel}
 * @param siglip whether it is SigLIP: no class token, attention pooling of images, texts without a
 *     causal mask, biases of scores
 * @param vision dimensions of the image tower
 * @param imageSize width and height of images in pixels, a multiple of {@code patchSize}
 * @param patchSize width and height of a patch in pixels
 * @param channels colour channels
 * @param text dimensions of the text tower
 * @param vocabulary number of tokens
 * @param context longest text, in tokens
 * @param endOfText the token at which a text is pooled (CLIP); 2, as old configurations have it,
 *     means the largest id
 * @param projection width of the shared vectors; SigLIP: that of both towers
 */
public record ClipConfig(
    String architecture,
    boolean siglip,
    Tower vision,
    int imageSize,
    int patchSize,
    int channels,
    Tower text,
    int vocabulary,
    int context,
    int endOfText,
    int projection) {

  /** The dimensions of one tower. */
  public record Tower(
      int hidden, int layers, int heads, int intermediate, Activation activation, float epsilon) {
    public Tower {
      positive("hidden_size", hidden);
      positive("num_hidden_layers", layers);
      positive("num_attention_heads", heads);
      positive("intermediate_size", intermediate);
      if (hidden % heads != 0) {
        throw new IllegalArgumentException(
            "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
      }
      if (!(epsilon >= 0)) {
        throw new IllegalArgumentException("layer_norm_eps must not be negative, was " + epsilon);
      }
    }

    /** Channels of a head. */
    public int headDim() {
      return hidden / heads;
    }
  }

  public ClipConfig {
    positive("image_size", imageSize);
    positive("patch_size", patchSize);
    positive("num_channels", channels);
    positive("vocab_size", vocabulary);
    positive("max_position_embeddings", context);
    positive("projection_dim", projection);
    if (siglip && vision.hidden() != projection) {
      throw new IllegalArgumentException(
          "projection_size "
              + projection
              + " is not the hidden_size of the image tower, "
              + vision.hidden());
    }
    if (imageSize < patchSize) {
      throw new IllegalArgumentException(
          "image_size " + imageSize + " is smaller than patch_size " + patchSize);
    }
  }

  private static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  /** Patches of an image; what is left at its right and lower edge is not looked at. */
  public int patches() {
    int side = imageSize / patchSize;
    return side * side;
  }
}
