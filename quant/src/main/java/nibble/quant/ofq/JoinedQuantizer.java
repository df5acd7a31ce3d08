package nibble.quant.ofq;

import java.util.LinkedHashMap;
import java.util.Map;
import nibble.nn.HeadProduct;
import nibble.nn.JoinedQueryKey;
import nibble.nn.site.StoredFunction;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Query-key reparameterisation (OFQ, section 4.2): in the site of the joined weight stands the
 * quantized product of both weights, which go on learning apart. Scales of rows, and so the borders
 * that weights swing around, are those of the product.
 *
 * <pre>{@code
 * W^ = StatsQ(Wk[h]^T Wq[h])      dWq[h] = Wk[h] dW^[h]      dWk[h] = Wq[h] dW^[h]^T
 * }</pre>
 *
 * <p>While annealing, gradients of the product pass at borders only ({@link BorderGradients}); both
 * weights move all its elements, so others are not held as in other layers. Serves one thread at a
 * time.
 */
final class JoinedQuantizer implements TrainedQuantizer {
  private final JoinedQueryKey joined;
  private final DifferentiableFunction rounding;
  private final HeadProduct product;
  private final Map<String, Tensor> weights;
  private final Tensor query;
  private final Tensor key;

  /**
   * @param band half the width of what learns, in codes; infinite for all
   */
  JoinedQuantizer(JoinedQueryKey joined, StatsQ function, double band) {
    this.joined = joined;
    rounding = new BorderGradients(function, band);
    product = new HeadProduct(joined.heads());
    query = joined.query().train();
    key = joined.key().train();
    weights = new LinkedHashMap<>();
    weights.put("value." + joined.query().name(), query);
    weights.put("value." + joined.key().name(), key);
  }

  @Override
  public String name() {
    return joined.layer().weightSite().name();
  }

  @Override
  public Map<String, Tensor> leaves() {
    return Map.of();
  }

  /** Weights of queries and keys. */
  @Override
  public Map<String, Tensor> weights() {
    return weights;
  }

  /** The quantized product, whatever {@code x} is: the layer's own weight follows it. */
  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(rounding, ops.custom(product, key, query));
  }

  /** The layer's weight is the product of both as they are now. */
  @Override
  public void project() {
    Tensor now = product.forward(Ops.serial(), key, query);
    joined.layer().setWeight(Tensor.of(now.toFloats(), now.shape().dims()));
  }

  @Override
  public StoredFunction frozen() {
    throw new IllegalStateException("the weight '" + name() + "' is stored as codes");
  }
}
