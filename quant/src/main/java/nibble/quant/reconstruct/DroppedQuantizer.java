package nibble.quant.reconstruct;

import java.util.SplittableRandom;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * While gradients are recorded, leaves each element in float with probability {@code drop};
 * quantizes all of them otherwise (QDrop, arXiv:2203.05740). Serves one thread at a time.
 */
public record DroppedQuantizer(StoredFunction quantizer, double drop, SplittableRandom random)
    implements SiteFunction {
  @Override
  public Tensor apply(Ops ops, Tensor x) {
    Tensor quantized = quantizer.apply(ops, x);
    if (!ops.isRecording() || drop == 0) {
      return quantized;
    }
    float[] kept = new float[Math.toIntExact(x.size())];
    float[] dropped = new float[kept.length];
    for (int i = 0; i < kept.length; i++) {
      boolean exact = random.nextDouble() < drop;
      kept[i] = exact ? 0 : 1;
      dropped[i] = exact ? 1 : 0;
    }
    int[] dims = x.shape().dims();
    return ops.add(ops.mul(quantized, Tensor.of(kept, dims)), ops.mul(x, Tensor.of(dropped, dims)));
  }
}
