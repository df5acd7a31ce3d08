package nibble.quant.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.rtn.Rtn;
import nibble.tensor.DType;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Errors by parts in float equal those of the whole in double, for more rows and columns than a
 * part.
 */
class WeightErrorsTest {
  private static final int OUT = 70;
  private static final int IN = 520;

  @Test
  void errorsAreThoseOfTheWholeInDouble() {
    Random random = new Random(1);
    Tensor weight = Tensor.of(gaussian(random, OUT * IN), OUT, IN).to(DType.BF16);
    WeightScheme scheme = Scheme.parse("W4A16").weights().orElseThrow();
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HessianAccumulator moments = new HessianAccumulator("x", IN);
      moments.add(gaussian(random, 900 * IN), 0, 900, serial);
      Hessian hessian = moments.take();
      QuantizedTensor codes = Rtn.quantize("w", weight, scheme, serial);
      float[] w = weight.toFloats();
      float[] rounded = codes.dequantize();
      double[] values = new double[w.length];
      double[] change = new double[w.length];
      double part = 0;
      double whole = 0;
      for (int i = 0; i < w.length; i++) {
        values[i] = w[i];
        change[i] = values[i] - rounded[i];
        part += change[i] * change[i];
        whole += values[i] * values[i];
      }
      WeightErrors errors = WeightErrors.of(weight, codes, hessian, serial);
      double weightError = Math.sqrt(part / whole);
      double outputError = Math.sqrt(hessian.errorOf(change, OUT) / hessian.errorOf(values, OUT));
      assertEquals(weightError, errors.weight(), 1e-6 * weightError);
      assertEquals(outputError, errors.output().orElseThrow(), 1e-4 * outputError);
    }
  }

  private static float[] gaussian(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
