package nibble.nn.vit;

import java.util.List;
import nibble.nn.Activation;

/**
 * The dimensions of a {@link Swin}.
 *
 * @param imageSize width and height in pixels
 * @param patchSize width and height of a patch in pixels; divides the image size
 * @param channels colour channels
 * @param embedDim width of the first stage; each further stage has twice the width of the one
 *     before
 * @param depths blocks of each stage
 * @param heads attention heads of each stage; divide its width
 * @param window width and height of an attention window in patches; not larger than the grid of any
 *     stage
 * @param mlpRatio width of the feed-forward layers as a multiple of the stage's width
 * @param qkvBias whether query, key and value have biases
 * @param mergeBias whether the layers that merge patches have biases; they do after a transform has
 *     shifted what they read
 * @param activation non-linearity of the feed-forward layers
 * @param epsilon of the normalisations in blocks and of the last one
 * @param labels number of classes
 */
public record SwinConfig(
    int imageSize,
    int patchSize,
    int channels,
    int embedDim,
    List<Integer> depths,
    List<Integer> heads,
    int window,
    double mlpRatio,
    boolean qkvBias,
    boolean mergeBias,
    Activation activation,
    float epsilon,
    int labels) {
  private static final int MOST_STAGES = 16;
  private static final int LARGEST_WINDOW = 64;

  public SwinConfig {
    depths = List.copyOf(depths);
    heads = List.copyOf(heads);
    Dimensions.grid(imageSize, patchSize);
    Dimensions.positive("num_channels", channels);
    Dimensions.positive("embed_dim", embedDim);
    Dimensions.positive("window_size", window);
    Dimensions.positive("number of labels", labels);
    Dimensions.epsilon(epsilon);
    if (depths.isEmpty() || depths.size() > MOST_STAGES || depths.size() != heads.size()) {
      throw new IllegalArgumentException(
          "depths is %s and num_heads %s, expected one number for each of 1 to %d stages"
              .formatted(depths, heads, MOST_STAGES));
    }
    Dimensions.mlpRatio(mlpRatio, embedDim);
    if (window > LARGEST_WINDOW) {
      throw new IllegalArgumentException(
          "window_size is " + window + ", expected 1 to " + LARGEST_WINDOW);
    }
    int side = imageSize / patchSize;
    for (int stage = 0; stage < depths.size(); stage++) {
      Dimensions.positive("every number of depths", depths.get(stage));
      Dimensions.positive("every number of num_heads", heads.get(stage));
      if ((long) embedDim << stage > Integer.MAX_VALUE / 4) {
        throw new IllegalArgumentException(
            "embed_dim " + embedDim + " is too large for " + depths.size() + " stages");
      }
      Dimensions.multiple("width", embedDim << stage, "num_heads", heads.get(stage));
      if (window > side) {
        throw new IllegalArgumentException(
            "window_size %d is larger than the %d x %d patches of stage %d"
                .formatted(window, side, side, stage));
      }
      side = Math.ceilDiv(side, 2);
    }
  }

  /** The same dimensions as they are after a transform of the model. */
  SwinConfig with(boolean qkvBiases, boolean mergeBiases) {
    return new SwinConfig(
        imageSize,
        patchSize,
        channels,
        embedDim,
        depths,
        heads,
        window,
        mlpRatio,
        qkvBiases,
        mergeBiases,
        activation,
        epsilon,
        labels);
  }

  /** Number of stages. */
  public int stages() {
    return depths.size();
  }

  /** Width of the stream in {@code stage}, from 0. */
  public int width(int stage) {
    return embedDim << stage;
  }

  /** Patches along one side in {@code stage}, from 0. */
  public int grid(int stage) {
    int side = imageSize / patchSize;
    for (int i = 0; i < stage; i++) {
      side = Math.ceilDiv(side, 2);
    }
    return side;
  }
}
