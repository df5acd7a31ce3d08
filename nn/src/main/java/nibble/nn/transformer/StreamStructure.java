package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;

/** The residual stream of models that consist of {@link TransformerBlock}s. */
public final class StreamStructure {
  private StreamStructure() {}

  /**
   * How the stream is written and read; empty where a block normalises what is written (post-norm,
   * sandwich): no rotation of the stream passes such a normalisation.
   *
   * @param embeddings tables whose rows are added to the stream
   * @param writers linear layers before the blocks that write to it
   * @param last the normalisation after the blocks, with who reads it
   */
  public static Optional<ResidualStructure> of(
      int hidden,
      List<Parameter> embeddings,
      List<Linear> writers,
      List<TransformerBlock> blocks,
      ResidualStructure.Reader last) {
    List<Linear> allWriters = new ArrayList<>(writers);
    List<ResidualStructure.Reader> readers = new ArrayList<>();
    List<ResidualStructure.Attention> attentions = new ArrayList<>();
    List<ResidualStructure.FeedForward> feedForwards = new ArrayList<>();
    for (TransformerBlock block : blocks) {
      if (block.wiring() instanceof Wiring.Sandwich || block.wiring() instanceof Wiring.PostNorm) {
        return Optional.empty();
      }
      readers.addAll(block.readers());
      allWriters.add(block.attention().output());
      allWriters.add(block.feedForward().down());
      block.attentionPath().ifPresent(attentions::add);
      block.feedForwardPath().ifPresent(feedForwards::add);
    }
    readers.add(last);
    return Optional.of(
        new ResidualStructure(hidden, embeddings, allWriters, readers, attentions, feedForwards));
  }
}
