package nibble.nn.vit;

import java.util.List;
import nibble.nn.Activation;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Operator;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import org.jspecify.annotations.Nullable;

/** Makes layers from the parameters of a checkpoint and gives them sites. */
record LayerMaker(WeightSource weights, Sites sites) {
  /**
   * A linear layer with weight and bias {@code <checkpointName>.weight, .bias} and an input site of
   * its own.
   */
  Linear linear(String name, String checkpointName, int out, int in) {
    return linear(name, checkpointName, out, in, true, sites.add(name + ".input"));
  }

  /** One that reads what has passed {@code input}. */
  Linear linear(String name, String checkpointName, int out, int in, boolean bias, Site input) {
    Parameter weight = weights.parameter(checkpointName + ".weight", out, in);
    return new Linear(
        name, weight, bias ? weights.parameter(checkpointName + ".bias", out) : null, input, sites);
  }

  /** A convolution of square patches that do not overlap, as a matrix. */
  Linear patchConvolution(String checkpointName, int out, int channels, int patch) {
    Parameter kernel = weights.parameter(checkpointName + ".weight", out, channels, patch, patch);
    Parameter bias = weights.parameter(checkpointName + ".bias", out);
    return new Linear(
        "patch_embed",
        kernel.as(out, channels * patch * patch),
        bias,
        sites.add("patch_embed.input"),
        sites);
  }

  /** A layer normalisation with gain, bias and an input site of its own. */
  Norm layerNorm(String name, String checkpointName, int width, float epsilon) {
    Parameter gain = weights.gain(checkpointName + ".weight", width);
    Parameter bias = weights.parameter(checkpointName + ".bias", width);
    return new Norm(
        name,
        Norm.Kind.LAYER,
        epsilon,
        gain,
        bias,
        sites.add(name + ".input"),
        sites.addOperator(name, Operator.Kind.LAYER_NORM));
  }

  /** The activation of the feed-forward layer {@code name}. */
  Nonlinearity nonlinearity(String name, Activation activation) {
    Operator.Kind kind =
        switch (activation) {
          case GELU, GELU_TANH, QUICK_GELU -> Operator.Kind.GELU;
          case RELU, SILU -> Operator.Kind.OTHER_ACTIVATION;
        };
    return new Nonlinearity(activation, sites.addOperator(name + ".activation", kind));
  }

  /** Adds the parameters of {@code linear}. */
  static void addTo(List<Parameter> all, Linear linear) {
    all.add(linear.weight());
    addIfPresent(all, linear.bias());
  }

  /** Adds the parameters of {@code norm}. */
  static void addTo(List<Parameter> all, Norm norm) {
    addIfPresent(all, norm.gain());
    addIfPresent(all, norm.bias());
  }

  /**
   * Whether layers have biases: all of them from now on, if a transform gave one of them a bias.
   * Checkpoints say it once for all.
   */
  static boolean allHaveBiases(List<Linear> layers) {
    boolean some = layers.stream().anyMatch(layer -> layer.bias() != null);
    if (some) {
      layers.forEach(Linear::ensureBias);
    }
    return some;
  }

  private static void addIfPresent(List<Parameter> all, @Nullable Parameter parameter) {
    if (parameter != null) {
      all.add(parameter);
    }
  }
}
