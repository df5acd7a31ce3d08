package nibble.nn.vit;

import nibble.nn.Activation;
import nibble.nn.Norm;

/**
 * The dimensions of a ViT or DeiT.
 *
 * @param architecture Hugging Face class name, one of {@link #VIT}, {@link #DEIT}, {@link #DEIT_DISTILLED}
 * @param imageSize width and height in pixels
 * @param patchSize width and height of a patch in pixels; divides the image size
 * @param channels colour channels
 * @param hidden width of the residual stream; a multiple of {@code heads}
 * @param layers number of blocks
 * @param heads attention heads
 * @param intermediate width of the feed-forward layer
 * @param activation its non-linearity
 * @param epsilon of the normalisations
 * @param qkvBias whether query, key and value have biases
 * @param labels number of classes
 * @param norm LAYER; RMS after a rotation folded gains and biases away
 */
public record ViTConfig(
    String architecture,
    int imageSize,
    int patchSize,
    int channels,
    int hidden,
    int layers,
    int heads,
    int intermediate,
    Activation activation,
    float epsilon,
    boolean qkvBias,
    int labels,
    Norm.Kind norm) {

  /** ViT with one class token. */
  public static final String VIT = "ViTForImageClassification";

  /** DeiT with class and distillation token, classified by the class token. */
  public static final String DEIT = "DeiTForImageClassification";

  /** DeiT with two heads, whose logits are averaged. */
  public static final String DEIT_DISTILLED = "DeiTForImageClassificationWithTeacher";

  public ViTConfig {
    if (!architecture.equals(VIT) && !architecture.equals(DEIT) && !architecture.equals(DEIT_DISTILLED)) {
      throw new IllegalArgumentException(
          "architecture '" + architecture + "' is not a ViT; known are " + VIT + ", " + DEIT + ", " + DEIT_DISTILLED);
    }
    positive("image_size", imageSize);
    positive("patch_size", patchSize);
    positive("num_channels", channels);
    positive("hidden_size", hidden);
    positive("num_hidden_layers", layers);
    positive("num_attention_heads", heads);
    positive("intermediate_size", intermediate);
    positive("number of labels", labels);
    if (imageSize % patchSize != 0) {
      throw new IllegalArgumentException("image_size " + imageSize + " is not a multiple of patch_size " + patchSize);
    }
    if (hidden % heads != 0) {
      throw new IllegalArgumentException("hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
    }
    if (!(epsilon >= 0)) {
      throw new IllegalArgumentException("layer_norm_eps must not be negative, was " + epsilon);
    }
  }

  private static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  /** Channels of one head. */
  public int headDim() {
    return hidden / heads;
  }

  /** Patches of one image. */
  public int patches() {
    int side = imageSize / patchSize;
    return side * side;
  }

  /** Whether a distillation token follows the class token. */
  public boolean hasDistillationToken() {
    return !architecture.equals(VIT);
  }

  /** Tokens of one image, special tokens included. */
  public int tokens() {
    return patches() + (hasDistillationToken() ? 2 : 1);
  }

  /** The first part of parameter names. */
  public String prefix() {
    return architecture.equals(VIT) ? "vit." : "deit.";
  }

  /** The same dimensions as they are after a transform of the model. */
  ViTConfig with(boolean biases, Norm.Kind kind) {
    return new ViTConfig(
        architecture, imageSize, patchSize, channels, hidden, layers, heads, intermediate, activation, epsilon, biases, labels, kind);
  }
}
