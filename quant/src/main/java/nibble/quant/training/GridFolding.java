package nibble.quant.training;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fold.ChannelFold;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.tensor.Tensor;

/**
 * Learned scales and offsets of channels go into weights and biases:
 *
 * <pre>{@code
 * x'[j] = (x[j] - beta[j]) / s[j] - z      W'[:, j] = W[:, j] s[j]      z = rint(mean(-beta / s)), 0 without offsets
 * }</pre>
 *
 * <p>One scale of 1 and one zero point are left for the kernel. With z in the middle, what the
 * kernel multiplies is small where x is: rounded weights are multiplied by it with their errors.
 */
public final class GridFolding {
  private GridFolding() {}

  /**
   * The stored form of a quantizer. Where it has offsets or several scales for the inputs of linear
   * layers, these are folded into the model.
   *
   * @throws IllegalStateException if it has offsets where no linear layer reads the site
   */
  public static StoredFunction frozen(Model model, Site site, TrainedQuantizer quantizer) {
    List<Linear> readers =
        model.linears().stream().filter(linear -> linear.input() == site).toList();
    if (!readers.isEmpty()
        && quantizer instanceof LearnedQuantizer learned
        && foldable(learned, readers.getFirst().in())) {
      return folded(model, site, learned, readers.getFirst().in());
    }
    return quantizer.frozen();
  }

  private static boolean foldable(LearnedQuantizer learned, int channels) {
    boolean perChannel =
        learned.scale().rank() == 1 && learned.scale().size() == channels && channels > 1;
    return perChannel || learned.offset().isPresent() && learned.scale().size() == 1;
  }

  private static UniformQuantizer folded(
      Model model, Site site, LearnedQuantizer quantizer, int channels) {
    float[] scales = quantizer.scale().toFloats();
    float[] offsets = quantizer.offset().map(Tensor::toFloats).orElse(new float[scales.length]);
    double sum = 0;
    for (int i = 0; i < scales.length; i++) {
      sum -= (double) offsets[i] / scales[i];
    }
    int zeroPoint = Math.clamp(Math.round(sum / scales.length), 0, (1 << quantizer.bits()) - 1);
    float[] factors = new float[channels];
    float[] shifts = new float[channels];
    for (int j = 0; j < channels; j++) {
      int at = scales.length == 1 ? 0 : j;
      factors[j] = 1 / scales[at];
      shifts[j] = -offsets[at] / scales[at] - zeroPoint;
    }
    boolean _ = ChannelFold.apply(model, site, factors, shifts);
    return quantizer.offset().isPresent()
        ? UniformQuantizer.asymmetric(quantizer.bits(), Tensor.scalar(1), Tensor.scalar(zeroPoint))
        : UniformQuantizer.symmetric(quantizer.bits(), Tensor.scalar(1));
  }
}
