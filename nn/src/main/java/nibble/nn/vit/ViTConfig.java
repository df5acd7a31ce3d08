package nibble.nn.vit;

import nibble.nn.Activation;
import nibble.nn.Norm;

/**
 * The dimensions of a ViT or DeiT.
 *
 * @param architecture Hugging Face class name, one of {@link #VIT}, {@link #DEIT}, {@link
 *     #DEIT_DISTILLED}
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
 * @param variant what differs from the original ViT
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
    Norm.Kind norm,
    Variant variant) {

  /** ViT with one class token. */
  public static final String VIT = "ViTForImageClassification";

  /** DeiT with class and distillation token, classified by the class token. */
  public static final String DEIT = "DeiTForImageClassification";

  /** DeiT with two heads, whose logits are averaged. */
  public static final String DEIT_DISTILLED = "DeiTForImageClassificationWithTeacher";

  /**
   * What may differ from the original ViT.
   *
   * @param classToken whether a class token comes before the patches
   * @param meanPooling whether the classifier reads the mean of the normalised patches, instead of
   *     the class token; needed without one
   * @param anySize whether images of other sizes are taken, with positions resampled (bicubic, as
   *     Hugging Face does it)
   * @param joinedQueryKey whether one layer stands for those of queries and keys, see {@link
   *     nibble.nn.JoinableQueryKey}
   */
  public record Variant(
      boolean classToken, boolean meanPooling, boolean anySize, boolean joinedQueryKey) {
    /** Class token, read by the classifier; one image size. */
    public static final Variant STANDARD = new Variant(true, false, false, false);

    public Variant {
      if (!classToken && !meanPooling) {
        throw new IllegalArgumentException(
            "use_mean_pooling is false, expected true: without a class token there is nothing else"
                + " to classify by");
      }
    }
  }

  public ViTConfig {
    if (!architecture.equals(VIT)
        && !architecture.equals(DEIT)
        && !architecture.equals(DEIT_DISTILLED)) {
      throw new IllegalArgumentException(
          "architecture '"
              + architecture
              + "' is not a ViT; known are "
              + VIT
              + ", "
              + DEIT
              + ", "
              + DEIT_DISTILLED);
    }
    Dimensions.grid(imageSize, patchSize);
    Dimensions.positive("num_channels", channels);
    Dimensions.positive("hidden_size", hidden);
    Dimensions.positive("num_hidden_layers", layers);
    Dimensions.positive("num_attention_heads", heads);
    Dimensions.positive("intermediate_size", intermediate);
    Dimensions.positive("number of labels", labels);
    Dimensions.multiple("hidden_size", hidden, "num_attention_heads", heads);
    Dimensions.epsilon(epsilon);
    if (variant.meanPooling() && !architecture.equals(VIT)) {
      throw new IllegalArgumentException(
          "use_mean_pooling is true, expected false with " + architecture);
    }
  }

  /** The original ViT or DeiT. */
  public ViTConfig(
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
    this(
        architecture,
        imageSize,
        patchSize,
        channels,
        hidden,
        layers,
        heads,
        intermediate,
        activation,
        epsilon,
        qkvBias,
        labels,
        norm,
        Variant.STANDARD);
  }

  /** The same dimensions with another variant. */
  public ViTConfig with(Variant other) {
    return new ViTConfig(
        architecture,
        imageSize,
        patchSize,
        channels,
        hidden,
        layers,
        heads,
        intermediate,
        activation,
        epsilon,
        qkvBias,
        labels,
        norm,
        other);
  }

  /** Channels of one head. */
  public int headDim() {
    return hidden / heads;
  }

  /** Patches along one side of an image. */
  public int grid() {
    return imageSize / patchSize;
  }

  /** Patches of one image. */
  public int patches() {
    return grid() * grid();
  }

  /** Whether a distillation token follows the class token. */
  public boolean hasDistillationToken() {
    return !architecture.equals(VIT);
  }

  /** Tokens before the patches: class and distillation token. */
  public int specialTokens() {
    return (variant.classToken() ? 1 : 0) + (hasDistillationToken() ? 1 : 0);
  }

  /** Tokens of one image, special tokens included. */
  public int tokens() {
    return patches() + specialTokens();
  }

  /** The first part of parameter names. */
  public String prefix() {
    return architecture.equals(VIT) ? "vit." : "deit.";
  }

  /** The same dimensions as they are after a transform of the model. */
  ViTConfig with(boolean biases, Norm.Kind kind) {
    return new ViTConfig(
        architecture,
        imageSize,
        patchSize,
        channels,
        hidden,
        layers,
        heads,
        intermediate,
        activation,
        epsilon,
        biases,
        labels,
        kind,
        variant);
  }
}
