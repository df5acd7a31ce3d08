package nibble.quant.rotation;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.online.HadamardSite;
import nibble.nn.online.HeadHadamardSite;

/**
 * Rotates a pre-norm transformer without changing its function: QuaRot, steps 0 to 4.
 *
 * <pre>{@code
 * step 0   W <- W diag(gain), b <- b + W bias_of_norm            norms lose gain and bias
 *          LayerNorm only: embeddings and the outputs of all writers lose their mean, so LayerNorm == RMSNorm
 * step 1   h -> h Q        embeddings e <- e Q;  readers W <- W Q;  writers W <- Q^T W, b <- Q^T b
 * step 2   fc2             W <- W D H^T, online signs D and Hadamard before fc2's quantizer (QuaRot: no signs)
 * step 3   values          per head in v and o; across heads online where a Hadamard matrix of that size exists
 * step 4   queries, keys   per head online, after rotary positions and before the cache
 * }</pre>
 *
 * <p>Unlike the reference code, embeddings of models with RMS normalisation are not centred: that
 * would change the function.
 */
public final class ModelRotation {
  private ModelRotation() {}

  /**
   * Applies the rotations to the float weights of the model in place and installs the online
   * transforms in its sites. Without the residual stream it also works on models whose stream
   * cannot be rotated (post-norm).
   *
   * @throws IllegalArgumentException when a width has no Hadamard matrix, or the stream is to be
   *     rotated and cannot be; nothing has been changed then
   */
  public static void apply(Model model, RotationOptions options) {
    Optional<ResidualStructure> structure =
        options.residual() ? Optional.of(model.requireResidualStructure()) : Optional.empty();
    Optional<Orthogonal> stream = structure.map(s -> stream(s.hidden(), options));
    check(model, options);
    structure.ifPresent(ModelRotation::foldNorms);
    stream.ifPresent(q -> rotateStream(structure.orElseThrow(), q));
    if (options.values()) {
      model.attentions().forEach(attention -> rotateValues(attention, options.seed()));
    }
    if (options.feedForward()) {
      model.feedForwards().forEach(f -> rotateFeedForward(f.down(), options.seed()));
    }
    if (options.keys()) {
      model
          .attentions()
          .forEach(
              attention -> rotateKeys(AttentionOperands.of(model, attention), attention.headDim()));
    }
  }

  private static Orthogonal stream(int hidden, RotationOptions options) {
    return switch (options.stream()) {
      case HADAMARD -> RandomizedHadamard.random(hidden, options.seed());
      case RANDOM -> new RandomOrthogonal(hidden, options.seed());
    };
  }

  private static void check(Model model, RotationOptions options) {
    if (options.keys()) {
      model.attentions().forEach(a -> RandomizedHadamard.plain(a.headDim()));
    }
    if (options.feedForward()) {
      model.feedForwards().forEach(f -> RandomizedHadamard.plain(f.down().in()));
    }
    if (options.keys()) {
      model.attentions().forEach(attention -> AttentionOperands.of(model, attention));
    }
  }

  /** Step 0: leaves plain RMS normalisations; the function of the model stays. */
  public static void foldNorms(ResidualStructure structure) {
    boolean centre = structure.readers().stream().anyMatch(r -> r.norm().kind() == Norm.Kind.LAYER);
    for (ResidualStructure.Reader reader : structure.readers()) {
      fold(reader.norm(), reader.linears());
    }
    if (centre) {
      structure.embeddings().forEach(WeightMaps::centreRows);
      structure.writers().forEach(WeightMaps::centreOutputs);
    }
  }

  private static void fold(Norm norm, List<Linear> linears) {
    Parameter gain = norm.gain();
    Parameter bias = norm.bias();
    for (Linear linear : linears) {
      float[] g = gain == null ? WeightMaps.ones(linear.in()) : gain.peek().toFloats();
      WeightMaps.foldGainAndShift(linear, g, bias == null ? null : bias.peek().toFloats());
    }
    norm.becomePlainRms();
  }

  /** Step 1: the residual stream in the basis of {@code q}. Norms must have no gain. */
  static void rotateStream(ResidualStructure structure, Orthogonal q) {
    structure.embeddings().forEach(e -> WeightMaps.mapRows(e, q));
    structure.writers().forEach(w -> WeightMaps.mapOutputs(w, q));
    for (ResidualStructure.Reader reader : structure.readers()) {
      reader.linears().forEach(l -> WeightMaps.mapInputs(l, q));
    }
  }

  /** Step 2: a full randomised Hadamard transform of the layer's input. */
  static void rotateFeedForward(Linear down, long seed) {
    WeightMaps.mapInputs(down, RandomizedHadamard.random(down.in(), seed));
    down.input().append(new HadamardSite(down.in(), OptionalLong.of(seed)));
  }

  /**
   * Step 4: queries and keys of every head, after rotary positions, which do not commute with it;
   * every product of the two stays. Keys are rotated before a cache stores them.
   */
  static void rotateKeys(AttentionOperands operands, int headDim) {
    operands.query().append(new HadamardSite(headDim));
    operands.key().append(new HadamardSite(headDim));
  }

  /**
   * Step 3: every head by a Hadamard transform of its channels, or by a random orthogonal matrix
   * where there is none of that size, as all of it lies in weights; then across heads where that is
   * possible.
   */
  static void rotateValues(ResidualStructure.Attention attention, long seed) {
    int headDim = attention.headDim();
    Orthogonal head =
        HadamardTransform.isSupported(headDim)
            ? RandomizedHadamard.plain(headDim)
            : new RandomOrthogonal(headDim, seed);
    WeightMaps.mapHeads(attention.values(), attention.keyValueHeads(), head);
    WeightMaps.mapInputs(attention.output(), new Repeated(head, attention.heads()));
    if (attention.heads() > 1 && HadamardTransform.isSupported(attention.heads())) {
      WeightMaps.mapInputs(
          attention.output(),
          new AcrossHeads(RandomizedHadamard.plain(attention.heads()), attention.headDim()));
      attention.output().input().append(new HeadHadamardSite(attention.heads()));
    }
  }
}
