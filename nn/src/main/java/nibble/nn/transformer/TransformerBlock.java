package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** One layer of a text model: attention and feed-forward, wired by a {@link Wiring}. */
public final class TransformerBlock implements Block {
  private final String name;
  private final SelfAttention attention;
  private final FeedForward feedForward;
  private final Wiring wiring;

  /** A block called {@code name}, such as {@code layers.3}. */
  public TransformerBlock(
      String name, SelfAttention attention, FeedForward feedForward, Wiring wiring) {
    this.name = name;
    this.attention = attention;
    this.feedForward = feedForward;
    this.wiring = wiring;
  }

  @Override
  public String name() {
    return name;
  }

  public SelfAttention attention() {
    return attention;
  }

  public FeedForward feedForward() {
    return feedForward;
  }

  public Wiring wiring() {
    return wiring;
  }

  /** Whole sequences of equal length: {@code [batch, tokens, hidden]} to the same shape. */
  @Override
  public Tensor forward(Ops ops, Tensor x) {
    return forward(ops, x, Sequences.equal(x.dim(0), x.dim(1)));
  }

  /** Rows as {@code sequences} says. */
  public Tensor forward(Ops ops, Tensor x, Sequences sequences) {
    return switch (wiring) {
      case Wiring.PreNorm(Norm first, Norm second) -> {
        Tensor attended = attention.forwardAdd(ops, first.forward(ops, x), sequences, x);
        yield feedForward.forwardAdd(ops, second.forward(ops, attended), attended);
      }
      case Wiring.Sandwich w -> {
        Tensor a = attention.forward(ops, w.beforeAttention().forward(ops, x), sequences);
        Tensor attended = ops.add(x, w.afterAttention().forward(ops, a));
        Tensor f = feedForward.forward(ops, w.beforeFeedForward().forward(ops, attended));
        yield ops.add(attended, w.afterFeedForward().forward(ops, f));
      }
      case Wiring.Parallel(Norm first, Norm second) -> {
        Tensor a = attention.forward(ops, first.forward(ops, x), sequences);
        Tensor f = feedForward.forward(ops, second.forward(ops, x));
        yield ops.add(ops.add(f, a), x);
      }
      case Wiring.PostNorm(Norm first, Norm second) -> {
        Tensor attended = first.forward(ops, attention.forwardAdd(ops, x, sequences, x));
        yield second.forward(ops, feedForward.forwardAdd(ops, attended, attended));
      }
    };
  }

  @Override
  public List<List<Linear>> stages() {
    List<List<Linear>> stages = new ArrayList<>();
    stages.add(attention.inputs());
    stages.add(List.of(attention.output()));
    stages.add(feedForward.up());
    stages.add(List.of(feedForward.down()));
    return stages;
  }

  @Override
  public Optional<ResidualStructure.Attention> attentionPath() {
    SelfAttention.Parts parts = attention.parts();
    AttentionCore core = parts.core();
    RotaryEmbedding rotary = parts.rotary();
    ResidualStructure.Between between =
        new ResidualStructure.Between(
            rotary == null ? 0 : rotary.dims(),
            parts.queryNorm() != null || parts.keyNorm() != null);
    Projection rows = parts.projection();
    return Optional.of(
        new ResidualStructure.Attention(
            attention.inputs(),
            rows.queries(core),
            rows.keys(core),
            rows.values(core),
            attention.output(),
            core.heads(),
            core.keyValueHeads(),
            core.headDim(),
            between));
  }

  @Override
  public Optional<ResidualStructure.FeedForward> feedForwardPath() {
    return Optional.of(
        new ResidualStructure.FeedForward(
            feedForward.up(), feedForward.down(), feedForward.carrier()));
  }

  /**
   * The normalisations with the layers that read their result and nothing else; none in a post-norm
   * block, where the stream reads it too.
   */
  public List<ResidualStructure.Reader> readers() {
    return switch (wiring) {
      case Wiring.PreNorm(Norm first, Norm second) -> readers(first, second);
      case Wiring.Parallel(Norm first, Norm second) -> readers(first, second);
      case Wiring.Sandwich w -> readers(w.beforeAttention(), w.beforeFeedForward());
      case Wiring.PostNorm w -> List.of();
    };
  }

  private List<ResidualStructure.Reader> readers(Norm beforeAttention, Norm beforeFeedForward) {
    return List.of(
        new ResidualStructure.Reader(beforeAttention, attention.inputs()),
        new ResidualStructure.Reader(beforeFeedForward, feedForward.up()));
  }

  /** The normalisations, those over the channels of a head included. */
  public List<Norm> norms() {
    List<Norm> norms = new ArrayList<>(wiring.norms());
    SelfAttention.Parts parts = attention.parts();
    if (parts.queryNorm() != null) {
      norms.add(parts.queryNorm());
    }
    if (parts.keyNorm() != null) {
      norms.add(parts.keyNorm());
    }
    return norms;
  }
}
