package nibble.quant.tuning;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntPredicate;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.online.HadamardSite;
import nibble.nn.site.ChannelScale;
import nibble.quant.fold.ScaleEdges;
import nibble.quant.linalg.SymmetricEigen;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.stiefel.StiefelParameter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The transforms of one model that are learned: each leaves the float model's function as it is,
 * whatever its parameters are.
 *
 * <pre>{@code
 * TunedTransforms transforms = TunedTransforms.of(model, structure);   // folds the norms
 * transforms.rotateStream(seed);
 * transforms.rotateValues(seed);
 * transforms.install(ops);                                             // the model computes with them, gradients recorded
 * ...
 * transforms.fold(ops);                                                // for good
 * }</pre>
 *
 * <p>What was computed with while learning is what is folded: products in F32. Not thread-safe.
 */
public final class TunedTransforms {
  private final Model model;
  private final ResidualStructure structure;
  private final ChangingWeights weights;
  private final List<StiefelParameter> rotations = new ArrayList<>();
  private final List<Tensor> scales = new ArrayList<>();
  private final Map<Site, Scales.Dividing> dividing = new LinkedHashMap<>();

  private TunedTransforms(Model model, ResidualStructure structure) {
    this.model = model;
    this.structure = structure;
    weights = new ChangingWeights(model);
  }

  /**
   * None yet. Folds gains and biases of the norms into what reads them, so that the stream can be
   * rotated.
   */
  public static TunedTransforms of(Model model, ResidualStructure structure) {
    ModelRotation.foldNorms(structure);
    return new TunedTransforms(model, structure);
  }

  /**
   * R1: one rotation of the stream. Starts from a random Hadamard matrix, or from any random
   * rotation where no Hadamard matrix has the width.
   */
  public void rotateStream(long seed) {
    rotateStream(Rotations.random(structure.hidden(), seed));
  }

  /** R1 from a matrix {@code [hidden, hidden]}. */
  public void rotateStream(double[] start) {
    StiefelParameter r = StiefelParameter.of("stream", structure.hidden(), start);
    Rotations.stream(weights, structure, r);
    rotations.add(r);
  }

  /**
   * R1 from the principal directions of all weights that read the stream, then random signs and
   * Hadamard: channels begin uncorrelated, then of equal variance (OSTQuant's
   * weight-outlier-minimised start).
   */
  public void rotateStreamFromWeights(long seed) {
    int n = structure.hidden();
    double[] moments = new double[n * n];
    for (ResidualStructure.Reader reader : structure.readers()) {
      for (Linear linear : reader.linears()) {
        addMoments(linear.weight().peek().toFloats(), n, moments);
      }
    }
    double[] directions = SymmetricEigen.of(moments, n).vectors();
    double[] hadamard = Rotations.random(n, seed);
    double[] start = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        for (int j = 0; j < n; j++) {
          start[i * n + j] += directions[i * n + k] * hadamard[k * n + j];
        }
      }
    }
    rotateStream(start);
  }

  private static void addMoments(float[] w, int n, double[] moments) {
    for (int row = 0; row < w.length; row += n) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          moments[i * n + j] += (double) w[row + i] * w[row + j];
        }
      }
    }
  }

  /**
   * R2: a rotation of the values of each layer, the same for all of its heads, or one for each key
   * head.
   */
  public void rotateValues(boolean everyHead, long seed) {
    rotateValues(everyHead, seed, layer -> true);
  }

  /**
   * The same in some layers only. That of layer {@code i} with one matrix for all heads is {@link
   * nibble.quant.rotation.Orthogonal#random} of {@code seed + 1 + i}.
   */
  public void rotateValues(boolean everyHead, long seed, IntPredicate layers) {
    for (int i = 0; i < structure.attentions().size(); i++) {
      if (!layers.test(i)) {
        continue;
      }
      ResidualStructure.Attention attention = structure.attentions().get(i);
      double[][] starts = new double[everyHead ? attention.keyValueHeads() : 1][];
      for (int head = 0; head < starts.length; head++) {
        starts[head] =
            Rotations.random(
                attention.headDim(), seed + 1 + i + (long) head * structure.attentions().size());
      }
      String name = "values." + i;
      StiefelParameter r =
          everyHead
              ? StiefelParameter.of(name, attention.headDim(), starts)
              : StiefelParameter.of(name, attention.headDim(), starts[0]);
      Rotations.values(weights, attention, r);
      rotations.add(r);
    }
  }

  /**
   * R4: a Hadamard transform, with signs of {@code seed}, before each second feed-forward layer. It
   * runs online and is not learned. Comes after {@link #scaleFeedForwards}.
   *
   * @throws IllegalArgumentException when no Hadamard matrix has the width
   */
  public void rotateFeedForwards(long seed) {
    rotateFeedForwards(seed, layer -> true);
  }

  /** The same in some layers only. */
  public void rotateFeedForwards(long seed, IntPredicate layers) {
    for (int i = 0; i < structure.feedForwards().size(); i++) {
      if (!layers.test(i)) {
        continue;
      }
      Linear down = structure.feedForwards().get(i).down();
      HadamardSite transform = new HadamardSite(down.in(), OptionalLong.of(seed));
      weights.add(down.weight(), transform::apply);
      down.input().append(transform);
    }
  }

  /** Scales of values, learned. Comes before {@link #rotateValues}. */
  public void scaleValues() {
    ScaleEdges.values(model).forEach(edge -> scales.add(Scales.values(weights, edge)));
  }

  /**
   * Scales of keys against queries, learned; none where a normalisation of heads stands between.
   */
  public void scaleKeys() {
    ScaleEdges.queriesAndKeys(model)
        .forEach(edge -> scales.add(Scales.queriesAndKeys(weights, edge)));
  }

  /**
   * Scales of what second feed-forward layers read, learned, where it is a product with a gate or
   * passed ReLU; there are none through GELU.
   */
  public void scaleFeedForwards() {
    ScaleEdges.feedForwards(model).forEach(edge -> scales.add(Scales.feedForward(weights, edge)));
  }

  /**
   * Scales of what norms give to layers, learned, in the basis of the rotated stream; they stay in
   * the input sites. Comes after {@link #rotateStream}.
   */
  public void scaleInputs() {
    for (ResidualStructure.Reader reader : structure.readers()) {
      Site site = reader.linears().getFirst().input();
      if (reader.linears().stream().allMatch(linear -> linear.input() == site)) {
        Tensor log = Scales.input(weights, reader);
        Scales.Dividing function = new Scales.Dividing(log);
        site.append(function);
        dividing.put(site, function);
        scales.add(log);
      }
    }
  }

  /** The learned rotations. */
  public List<StiefelParameter> rotations() {
    return List.copyOf(rotations);
  }

  /** Logarithms of the learned scales: leaves of differentiation. */
  public List<Tensor> scales() {
    return List.copyOf(scales);
  }

  /**
   * Lets the model compute with the transforms as they are now; until {@link #restore}, within the
   * innermost scope of {@code ops}.
   */
  public void install(Ops ops) {
    weights.install(ops);
  }

  /** Lets the model compute without them. */
  public void restore() {
    weights.restore();
  }

  /**
   * Writes the transforms into the weights for good. The float model computes what it did before.
   */
  public void fold(Ops ops) {
    weights.fold(ops);
    dividing.forEach(
        (site, function) -> {
          float[] factors = function.log().toFloats();
          for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) Math.exp(-factors[i]);
          }
          boolean _ = site.remove(function);
          site.append(new ChannelScale(Tensor.of(factors, factors.length)));
        });
    dividing.clear();
  }
}
