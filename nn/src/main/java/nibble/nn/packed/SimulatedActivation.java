package nibble.nn.packed;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.rowwise.Quantize;
import nibble.nn.SiteFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Fake quantization of activations: the values that the codes of {@code quantizer} stand for, in
 * float. Takes the same codes as {@link PackedIntWeight} does, to the bit. Has no derivative.
 *
 * @param quantizer bits, symmetry and where the scale comes from
 */
public record SimulatedActivation(ActivationQuantizer quantizer) implements SiteFunction {
  private static final int SCALES = 0;
  private static final int ZERO_POINTS = 1;

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    if (ops.isRecording() && x.requiresGrad()) {
      throw new IllegalStateException(
          "simulated activations have no derivative; train with a trainable quantizer, or switch to"
              + " noGrad()");
    }
    int width = x.dim(-1);
    int rows = (int) (x.size() / width);
    Tensor input = x.toF32();
    Tensor out = ops.empty(x.shape().dims());
    ops.splitter()
        .run(
            rows,
            (row, scratch) -> {
              float[] scales = scratch.floats(SCALES, 1);
              float[] zeroPoints = scratch.floats(ZERO_POINTS, 1);
              int from = input.offset() + row * width;
              RowGrid.fit(quantizer, width, input.array(), from, scales, zeroPoints, 0);
              Quantize.best()
                  .fakeQuantize(
                      1,
                      width,
                      width,
                      input.array(),
                      from,
                      scales,
                      0,
                      zeroPoints,
                      0,
                      RowGrid.range(quantizer),
                      out.array(),
                      out.offset() + row * width);
            });
    return out;
  }
}
