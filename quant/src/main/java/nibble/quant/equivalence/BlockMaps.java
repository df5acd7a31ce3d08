package nibble.quant.equivalence;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure.Attention;
import nibble.nn.Site;
import nibble.nn.train.ParameterGroup;
import nibble.quant.fold.NormEdge;
import nibble.quant.fold.QueryKeyEdge;
import nibble.quant.fold.ScaleEdges;
import nibble.quant.fold.ValueEdge;
import nibble.quant.reconstruct.Learner;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * All maps of a block that are learned together and folded into its parameters, without leaving
 * anything to do in the forward pass:
 *
 * <ul>
 *   <li>normalisation to the layers that read it: a scale for each channel, and a shift where the
 *       normalisation has a bias;
 *   <li>values to output projection: a scale for each channel, or a matrix for each key head,
 *       shared by the query heads that read it;
 *   <li>queries against keys: the same, tied over the pairs that rotary positions turn.
 * </ul>
 *
 * <p>OmniQuant (<a href="https://arxiv.org/abs/2308.13137">arXiv:2308.13137</a>, learnable
 * equivalent transformation) and AffineQuant (<a
 * href="https://arxiv.org/abs/2403.12544">arXiv:2403.12544</a>). While it learns, the parameters of
 * the block hold mapped values, so that the forward pass is the one that the folded block will
 * have. Edges that the model does not have ({@link ScaleEdges}), or that something in a site
 * crosses, have no map.
 */
public final class BlockMaps implements Learner {
  private static final float SMALLEST = 1e-5f;

  private final List<NormMap> norms = new ArrayList<>();
  private final List<HeadMap> heads = new ArrayList<>();
  private final PartParameters parameters = new PartParameters();
  private final List<ParameterGroup> groups;

  /**
   * How free maps of heads are.
   *
   * @param full matrices instead of scales
   * @param stability weight of elements off the diagonal, above 0 and at most 1
   * @param rate of Adam
   */
  public record Choice(boolean full, float stability, double rate) {
    public Choice {
      if (!(stability > 0 && stability <= 1) || !(rate >= 0)) {
        throw new IllegalArgumentException(
            "maps need a stability factor above 0 and at most 1 and a rate that is not negative, were %s and %s"
                .formatted(stability, rate));
      }
    }
  }

  /** The maps of the layers {@code part}, all the identity. */
  public BlockMaps(Model model, List<Linear> part, Choice choice) {
    Set<Linear> own = Set.copyOf(part);
    for (NormEdge edge : ScaleEdges.norms(model)) {
      if (own.containsAll(edge.reader().linears())) {
        norms.add(new NormMap(edge.reader().norm(), edge.reader().linears()));
      }
    }
    ScaleEdges.values(model).stream()
        .map(ValueEdge::attention)
        .filter(attention -> own.contains(attention.output()))
        .forEach(attention -> heads.add(new ValueMap(attention, matrix(choice, attention, 0))));
    ScaleEdges.queriesAndKeys(model).stream()
        .map(QueryKeyEdge::attention)
        .filter(attention -> own.contains(attention.output()))
        .forEach(
            attention ->
                heads.add(
                    new QueryKeyMap(
                        attention, matrix(choice, attention, attention.between().rotary()))));
    maps().forEach(map -> map.register(parameters));
    List<Tensor> leaves = maps().stream().flatMap(map -> map.leaves().stream()).toList();
    groups =
        leaves.isEmpty()
            ? List.of()
            : List.of(new ParameterGroup("maps", choice.rate(), 0, leaves));
  }

  private static HeadMatrix matrix(Choice choice, Attention attention, int rotary) {
    HeadMatrix.Form form =
        rotary > 0
            ? HeadMatrix.Form.PAIRS
            : choice.full() ? HeadMatrix.Form.FULL : HeadMatrix.Form.DIAGONAL;
    return new HeadMatrix(
        form, attention.keyValueHeads(), attention.headDim(), rotary, choice.stability());
  }

  private List<LearnedMap> maps() {
    List<LearnedMap> all = new ArrayList<>(norms);
    all.addAll(heads);
    return all;
  }

  /** Number of maps. */
  public int size() {
    return norms.size() + heads.size();
  }

  /**
   * Starts where scales share the spread of a channel between inputs and weights, and shifts centre
   * it: {@code s = max|x|^alpha / max|w|^(1 - alpha)}, {@code d = (max x + min x) / 2}; queries and
   * keys start at 1.
   *
   * @param ranges of the inputs of the block's layers
   */
  public void start(Map<Site, ChannelRanges> ranges, double alpha) {
    for (NormMap norm : norms) {
      norm.start(required(ranges, norm.linears().getFirst()), alpha);
    }
    for (HeadMap head : heads) {
      if (head instanceof ValueMap values) {
        values.start(required(ranges, values.attention().output()), alpha);
      }
    }
  }

  private static ChannelRanges required(Map<Site, ChannelRanges> ranges, Linear linear) {
    ChannelRanges range = ranges.get(linear.input());
    if (range == null) {
      throw new IllegalArgumentException(
          "no ranges were measured for the input of '" + linear.name() + "'");
    }
    return range;
  }

  /** {@code x^alpha / w^(1 - alpha)}, at least 1e-5 as in OmniQuant's code. */
  static float balance(double x, double w, double alpha) {
    double scale =
        Math.pow(Math.max(x, SMALLEST), alpha) / Math.pow(Math.max(w, SMALLEST), 1 - alpha);
    return (float) Math.max(SMALLEST, scale);
  }

  /** All maps become the identity. */
  public void neutralise() {
    maps().forEach(LearnedMap::neutralise);
  }

  /**
   * Smallest relative {@code |a_ii| - sum |a_ij|} of all matrices; 1 where they are diagonal,
   * positive while they are diagonally dominant; empty without matrices.
   */
  public Optional<Double> dominance() {
    return heads.stream().map(head -> head.matrix().dominance()).min(Double::compare);
  }

  @Override
  public List<ParameterGroup> groups() {
    return groups;
  }

  @Override
  public void begin() {}

  @Override
  public void prepare(Ops ops, double progress) {
    parameters.reset();
    maps().forEach(map -> map.apply(ops, parameters, progress));
    parameters.install();
  }

  @Override
  public void end() {
    parameters.reset();
    parameters.install();
  }

  @Override
  public void project() {
    maps().forEach(LearnedMap::project);
  }

  /** Leaves the parameters as the maps have them now, for good. */
  public void fold(Ops ops) {
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      prepare(ops, 1);
      parameters.keep();
    }
  }
}
