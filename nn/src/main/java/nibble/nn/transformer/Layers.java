package nibble.nn.transformer;

import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes the layers of a model from the tensors of a checkpoint.
 *
 * @param weights where parameters come from
 * @param sites where sites are added
 * @param folded whether a transform has folded the gains and shifts of the normalisations before
 *     layers away: these are plain RMS normalisations then, and a linear layer may have a bias that
 *     its architecture does not have
 */
public record Layers(WeightSource weights, Sites sites, boolean folded) {
  /** The input site of layers that are called {@code name}. */
  public Site input(String name) {
    return sites.add(name + ".input");
  }

  /** A linear layer with a site of its own. */
  public Linear linear(String name, String checkpointName, int out, int in, boolean bias) {
    return linear(name, checkpointName, out, in, bias, input(name));
  }

  /** A linear layer that shares the site {@code input}. */
  public Linear linear(
      String name, String checkpointName, int out, int in, boolean bias, Site input) {
    return new Linear(
        name,
        weights.parameter(checkpointName + ".weight", out, in),
        bias(checkpointName, out, bias),
        input,
        sites);
  }

  /** A linear layer that is stored as {@code [in, out]}. */
  public Linear transposed(String name, String checkpointName, int out, int in, boolean bias) {
    return new Linear(
        name,
        weights.transposed(checkpointName + ".weight", out, in),
        bias(checkpointName, out, bias),
        input(name),
        sites);
  }

  /** The bias of a layer, if it has one. */
  public @Nullable Parameter bias(String checkpointName, int out, boolean expected) {
    String name = checkpointName + ".bias";
    return expected || (folded && weights.has(name)) ? weights.parameter(name, out) : null;
  }

  /**
   * Layer normalisation with gain, and with bias if {@code bias}; old checkpoints call them gamma
   * and beta.
   */
  public Norm layerNorm(
      String name, String checkpointName, int width, float epsilon, boolean bias) {
    boolean old =
        !weights.has(checkpointName + ".weight") && weights.has(checkpointName + ".gamma");
    Parameter shift =
        bias ? weights.parameter(checkpointName + (old ? ".beta" : ".bias"), width) : null;
    return new Norm(
        name,
        Norm.Kind.LAYER,
        epsilon,
        weights.gain(checkpointName + (old ? ".gamma" : ".weight"), width),
        shift);
  }

  /** RMS normalisation with gain. */
  public Norm rmsNorm(String name, String checkpointName, int width, float epsilon) {
    return new Norm(
        name, Norm.Kind.RMS, epsilon, weights.gain(checkpointName + ".weight", width), null);
  }

  /** RMS normalisation whose gain is stored less one (Gemma). */
  public Norm rmsNormPlusOne(String name, String checkpointName, int width, float epsilon) {
    return new Norm(
        name,
        Norm.Kind.RMS,
        epsilon,
        weights.parameter(checkpointName + ".weight", width).plus(1),
        null);
  }

  /** A normalisation of the stream that has been folded: no gain, no shift. */
  public Norm plainRms(String name, float epsilon) {
    return new Norm(name, Norm.Kind.RMS, epsilon, null, null);
  }
}
