package nibble.nn.encoder;

import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.TransformerBlock;
import org.jspecify.annotations.Nullable;

/**
 * What a text encoder is put together from, in the order of the forward pass.
 *
 * @param words word vectors
 * @param positions learned positions, or null
 * @param tokenTypes vectors of the segments, of which row 0 is added to every token, or null
 * @param embeddingNorm over the sum
 * @param blocks the trunk
 * @param finalNorm after the last block, or null
 * @param unused parameters that belong to the checkpoint but not to the hidden states; they are
 *     kept and written
 */
record EncoderParts(
    Sites sites,
    Embedding words,
    @Nullable LearnedPositions positions,
    @Nullable Embedding tokenTypes,
    Norm embeddingNorm,
    List<TransformerBlock> blocks,
    @Nullable Norm finalNorm,
    List<Parameter> unused) {

  EncoderParts {
    blocks = List.copyOf(blocks);
    unused = List.copyOf(unused);
  }
}
