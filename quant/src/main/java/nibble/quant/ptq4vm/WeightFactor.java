package nibble.quant.ptq4vm;

import java.util.Map;
import nibble.nn.site.StoredFunction;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Stands in the site of a weight that holds decoded codes: {@code W' = gamma W}, gamma learned. It
 * belongs to the scales afterwards. Serves one thread at a time.
 *
 * @param name of the site
 * @param gamma rank 0, a leaf of differentiation; changed in place
 */
record WeightFactor(String name, Tensor gamma) implements TrainedQuantizer {
  private static final float LEAST = 0.5f;
  private static final float MOST = 2;

  /** A factor of 1. */
  static WeightFactor of(String name) {
    return new WeightFactor(name, Tensor.scalar(1).requireGrad());
  }

  @Override
  public Map<String, Tensor> leaves() {
    return Map.of("factor." + name, gamma);
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.mul(x, gamma);
  }

  /** The factor is from 0.5 to 2. */
  @Override
  public void project() {
    float[] value = gamma.array();
    value[gamma.offset()] = Math.clamp(value[gamma.offset()], LEAST, MOST);
  }

  /** The same codes with scales that are {@code gamma * more} times as large. */
  QuantizedTensor absorbed(QuantizedTensor codes, float more) {
    QuantParams params = codes.params();
    float[] scales = params.scales().clone();
    for (int i = 0; i < scales.length; i++) {
      scales[i] *= gamma.item() * more;
    }
    return new QuantizedTensor(
        codes.codes(),
        new QuantParams(
            params.format(),
            params.granularity(),
            codes.out(),
            codes.in(),
            scales,
            params.zeroPoints()));
  }

  @Override
  public StoredFunction frozen() {
    throw new IllegalStateException("'" + name + "' is a weight; its codes are executed");
  }
}
