package nibble.nn;

import java.util.List;
import nibble.tensor.Ops;

/** A model whose layers of queries and keys may become one, so that their product is one weight. */
public interface JoinableQueryKey {
  /**
   * Puts one layer {@code blocks.N.attn.qk} in place of those of queries and keys, in every block:
   * for each head the product of both weights, {@code [heads * hidden, hidden]} in all, with the
   * input itself as keys. The function stays. Sites of queries and keys have heads of the hidden
   * width then, the stream cannot be rotated, and no scales of channels pass the normalisation
   * before the layer.
   *
   * @return what was joined, in the order of the blocks
   * @throws IllegalStateException if they are joined already, or not in float
   */
  List<JoinedQueryKey> joinQueriesAndKeys(Ops ops);
}
