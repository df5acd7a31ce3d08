package nibble.quant.fisher;

import nibble.nn.Linear;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The float weight of a layer, with a probe of its input and one of its output. */
record ProbedWeight(Linear linear, Probe input, Probe output) implements WeightMatrix {
  @Override
  public int out() {
    return linear.out();
  }

  @Override
  public int in() {
    return linear.in();
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return ops.custom(output, ops.linear(ops.custom(input, x), linear.weight().floats(), bias));
  }

  @Override
  public long bytes() {
    return 4L * out() * in();
  }

  @Override
  public String format() {
    return "F32";
  }
}
