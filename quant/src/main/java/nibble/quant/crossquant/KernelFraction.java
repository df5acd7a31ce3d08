package nibble.quant.crossquant;

import nibble.nn.SiteFunction;
import nibble.nn.site.CrossQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Counts the quantization kernel of a site: elements that are not 0 but get the code 0, those with
 * {@code |x| < step / 2} (paper, section 3). Passes the tensor on.
 *
 * <p>The paper's claim is that this share governs the loss of accuracy.
 */
final class KernelFraction implements SiteFunction {
  private final CrossQuantizer cross;
  private final float[] factors;
  private final boolean divided;
  private long elements;
  private long crossed;
  private long perToken;

  /**
   * @param cross the quantizer of the tensor that passes
   * @param factors of its channels
   * @param divided whether they were divided out of what passes
   */
  KernelFraction(CrossQuantizer cross, float[] factors, boolean divided) {
    this.divided = divided;
    this.cross = cross;
    this.factors = factors;
  }

  @Override
  public Tensor apply(Ops ops, Tensor in) {
    float[] x = in.toF32().toFloats();
    int width = factors.length;
    for (int i = 0; i < x.length && !divided; i++) {
      x[i] /= factors[i % width];
    }
    for (int at = 0; at < x.length; at += width) {
      float step = cross.step(x, at);
      float largest = 0;
      for (int j = 0; j < width; j++) {
        largest = Math.max(largest, Math.abs(x[at + j] * factors[j]));
      }
      float tokenStep = largest / cross.largestCode();
      for (int j = 0; j < width; j++) {
        crossed += x[at + j] != 0 && Math.abs(x[at + j]) < step / 2 ? 1 : 0;
        perToken += x[at + j] != 0 && Math.abs(x[at + j] * factors[j]) < tokenStep / 2 ? 1 : 0;
      }
    }
    elements += x.length;
    return in;
  }

  long elements() {
    return elements;
  }

  /** Elements in the kernel of the cross quantizer. */
  long crossed() {
    return crossed;
  }

  /** Elements in the kernel of symmetric per-token quantization with as many bits. */
  long perToken() {
    return perToken;
  }
}
