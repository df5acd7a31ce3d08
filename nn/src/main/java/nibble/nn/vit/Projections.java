package nibble.nn.vit;

import java.util.Arrays;
import java.util.List;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** What makes queries, keys and values of an attention. */
sealed interface Projections {
  /** The layers that read the attention's input. */
  List<Linear> linears();

  /** The layer of values. */
  Linear value();

  /**
   * Queries {@code [batch, tokens, heads * d]}.
   *
   * @param in what has passed the input's site
   */
  Tensor queries(Ops ops, LayerInput in);

  /**
   * Keys of the same shape.
   *
   * @param x what comes to the input's site
   */
  Tensor keys(Ops ops, Tensor x, LayerInput in);

  /** A layer for each, {@code [hidden, hidden]}; d is the width of a head. */
  record Separate(Linear query, Linear key, Linear value) implements Projections {
    @Override
    public List<Linear> linears() {
      return List.of(query, key, value);
    }

    @Override
    public Tensor queries(Ops ops, LayerInput in) {
      return query.project(ops, in);
    }

    @Override
    public Tensor keys(Ops ops, Tensor x, LayerInput in) {
      return key.project(ops, in);
    }
  }

  /**
   * The weights of queries and keys in one product for each head (OFQ's QKR, <a
   * href="https://arxiv.org/abs/2302.02210">arXiv:2302.02210</a>, section 4.2), transposed so that
   * the query's bias {@code bq} stays exact:
   *
   * <pre>{@code
   * q[a] . k[b] = (Wq x[a] + bq) . (Wk x[b] + bk) = (Wk^T Wq x[a] + Wk^T bq) . x[b] + what b does not change
   * }</pre>
   *
   * <p>The last term, where the key's bias is, cancels in the softmax. So {@code queryKey} has the
   * weight {@code Wk^T Wq} and the bias {@code Wk^T bq} of one head below the other, {@code [heads
   * * hidden, hidden]}, and keys are the input itself: d is the hidden width. They pass the site of
   * keys, not that of the input.
   */
  record Joined(Linear queryKey, Linear value, int heads) implements Projections {
    @Override
    public List<Linear> linears() {
      return List.of(queryKey, value);
    }

    @Override
    public Tensor queries(Ops ops, LayerInput in) {
      return queryKey.project(ops, in);
    }

    @Override
    public Tensor keys(Ops ops, Tensor x, LayerInput in) {
      Tensor[] copies = new Tensor[heads];
      Arrays.fill(copies, x);
      return ops.concat(x.rank() - 1, copies);
    }
  }
}
