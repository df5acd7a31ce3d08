package nibble.nn.decoder;

import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Sites;
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.TransformerBlock;
import org.jspecify.annotations.Nullable;

/**
 * What a causal language model is put together from, in the order of the forward pass.
 *
 * @param embedding word vectors
 * @param embeddingScale what they are multiplied by
 * @param positions learned positions, or null
 * @param projectIn from the width of word vectors to that of the stream, or null (OPT)
 * @param blocks the trunk
 * @param finalNorm after the last block, or null
 * @param projectOut the reverse of {@code projectIn}, or null
 * @param head to logits
 * @param softCap {@code cap * tanh(logit / cap)} on logits; 0 for none
 */
record DecoderParts(
    Sites sites,
    Embedding embedding,
    float embeddingScale,
    @Nullable LearnedPositions positions,
    @Nullable Linear projectIn,
    List<TransformerBlock> blocks,
    @Nullable Norm finalNorm,
    @Nullable Linear projectOut,
    Linear head,
    float softCap) {

  DecoderParts {
    blocks = List.copyOf(blocks);
  }

  /** Word vectors, blocks, final normalisation, head; positions are in the attention. */
  static DecoderParts rotary(
      Sites sites,
      Embedding embedding,
      List<TransformerBlock> blocks,
      Norm finalNorm,
      Linear head) {
    return new DecoderParts(sites, embedding, 1, null, null, blocks, finalNorm, null, head, 0);
  }
}
