package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;

/** The residual stream of models that consist of {@link TransformerBlock}s. */
public final class StreamStructure {
  private StreamStructure() {}

  /**
   * How the stream is written and read; empty where a block normalises what is written (post-norm, sandwich): no rotation of the stream
   * passes such a normalisation.
   *
   * @param embeddings tables whose rows are added to the stream
   * @param writers linear layers before the blocks that write to it
   * @param last the normalisation after the blocks, with who reads it
   */
  public static Optional<ResidualStructure> of(
      int hidden, List<Parameter> embeddings, List<Linear> writers, List<TransformerBlock> blocks, ResidualStructure.Reader last) {
    List<Linear> allWriters = new ArrayList<>(writers);
    List<ResidualStructure.Reader> readers = new ArrayList<>();
    List<ResidualStructure.Attention> attentions = new ArrayList<>();
    List<ResidualStructure.FeedForward> feedForwards = new ArrayList<>();
    for (TransformerBlock block : blocks) {
      SelfAttention attention = block.attention();
      FeedForward feedForward = block.feedForward();
      switch (block.wiring()) {
        case Wiring.PreNorm(Norm first, Norm second) -> {
          readers.add(new ResidualStructure.Reader(first, attention.inputs()));
          readers.add(new ResidualStructure.Reader(second, feedForward.up()));
        }
        case Wiring.Parallel(Norm first, Norm second) -> {
          readers.add(new ResidualStructure.Reader(first, attention.inputs()));
          readers.add(new ResidualStructure.Reader(second, feedForward.up()));
        }
        case Wiring.Sandwich w -> {
          return Optional.empty();
        }
        case Wiring.PostNorm w -> {
          return Optional.empty();
        }
      }
      allWriters.add(attention.output());
      allWriters.add(feedForward.down());
      attentions.add(structure(attention));
      feedForwards.add(new ResidualStructure.FeedForward(feedForward.up(), feedForward.down()));
    }
    readers.add(last);
    return Optional.of(new ResidualStructure(hidden, embeddings, allWriters, readers, attentions, feedForwards));
  }

  private static ResidualStructure.Attention structure(SelfAttention attention) {
    AttentionCore core = attention.parts().core();
    ResidualStructure.ValueRows values = attention.parts().projection().values(core);
    return new ResidualStructure.Attention(
        attention.inputs(), values, attention.output(), core.heads(), core.keyValueHeads(), core.headDim());
  }
}
