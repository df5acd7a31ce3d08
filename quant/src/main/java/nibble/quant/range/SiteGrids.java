package nibble.quant.range;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.site.ScaleLayout;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** Uniform quantizers for the tensor of a site. */
public final class SiteGrids {
  private SiteGrids() {}

  /**
   * Fits one grid to each part of {@code x} that shares a scale.
   *
   * @param x what passed the site, batch first
   * @param scales shape of the scales, spread as {@link ScaleLayout} says: {@code []} per tensor,
   *     {@code [channels]} per channel, {@code [heads, 1, 1]} ...
   * @param format symmetric or asymmetric
   */
  public static UniformQuantizer fit(
      String name, Tensor x, Shape scales, IntFormat format, RangeSearch search, Ops ops) {
    ScaleLayout layout = ScaleLayout.of(x.shape(), scales);
    int count = layout.scales();
    float[][] parts = parts(x, layout, count);
    float[] values = new float[count];
    float[] zeroPoints = new float[count];
    ops.splitter()
        .run(
            count,
            (i, scratch) -> {
              Grid grid = search.fit(name, format, Values.of(parts[i]));
              values[i] = grid.scale();
              zeroPoints[i] = grid.zeroPoint() - format.minCode();
            });
    Tensor s = Tensor.of(values, scales.dims());
    return format.isAsymmetric()
        ? UniformQuantizer.asymmetric(format.bits(), s, Tensor.of(zeroPoints, scales.dims()))
        : UniformQuantizer.symmetric(format.bits(), s);
  }

  private static float[][] parts(Tensor x, ScaleLayout layout, int count) {
    int size = Math.toIntExact(layout.elementsPerScale());
    float[][] parts = new float[count][size];
    int[] filled = new int[count];
    Tensor plain = x.toF32();
    for (int row = 0; row < layout.rows(); row++) {
      int from = plain.offset() + row * layout.width();
      int start = layout.start(row);
      if (layout.step() == 0) {
        System.arraycopy(plain.array(), from, parts[start], filled[start], layout.width());
        filled[start] += layout.width();
      } else {
        for (int i = 0; i < layout.width(); i++) {
          parts[start + i][filled[start + i]++] = plain.array()[from + i];
        }
      }
    }
    return parts;
  }

  /**
   * A per-tensor quantizer as the integer kernels take it: the same codes.
   *
   * @throws IllegalArgumentException if it has more than one scale
   */
  public static ActivationQuantizer kernel(UniformQuantizer quantizer) {
    if (quantizer.scales().size() != 1) {
      throw new IllegalArgumentException(
          "an integer product takes one scale for its input, found " + quantizer.scales().shape());
    }
    float scale = quantizer.scales().toFloats()[0];
    Tensor zero = quantizer.zeroPoints();
    return new ActivationQuantizer.PerTensor(
        quantizer.bits(), zero == null, scale, zero == null ? 0 : (int) zero.toFloats()[0]);
  }
}
