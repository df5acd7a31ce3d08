package nibble.quant.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.WeightRows;
import nibble.tensor.Tensor;

/**
 * Weights of linear layers rounded to nearest, with a grid of its own for every output channel.
 *
 * @param symmetry of the codes
 * @param search how a channel's range is found
 */
public record RowRounding(Symmetry symmetry, RangeSearch search) {

  /**
   * The codes of a layer's weight as it is now.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message names the layer
   */
  public QuantizedTensor codes(Linear linear, int bits, WorkSplitter splitter) {
    return codes(linear, linear.weight().peek().toFloats(), bits, splitter);
  }

  /**
   * The codes of {@code w [out, in]} in the place of a layer's weight.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message names the layer
   */
  public QuantizedTensor codes(Linear linear, float[] w, int bits, WorkSplitter splitter) {
    return WeightRows.quantize(
        linear.name(),
        w,
        linear.out(),
        linear.in(),
        new IntFormat(bits, symmetry),
        search,
        splitter);
  }

  /** The codes of all weights that a task quantizes, with progress. */
  public Map<Linear, QuantizedTensor> codes(ModelTask task) {
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    List<Linear> linears = task.model().linears();
    task.progress().begin("weights", linears.size(), "layers");
    for (Linear linear : linears) {
      task.bits(linear)
          .ifPresent(bits -> codes.put(linear, codes(linear, bits, task.ops().splitter())));
      task.progress().to(codes.size(), linear.name());
    }
    return codes;
  }

  /** Fitters that round the weights of a task as they come: for sites behind them to see. */
  public Map<Site, SiteFitting.Fitter> fitters(ModelTask task) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (Linear linear : task.model().linears()) {
      task.bits(linear)
          .ifPresent(
              bits ->
                  fitters.put(
                      linear.weightSite(),
                      w -> {
                        QuantizedTensor codes =
                            codes(linear, w.toFloats(), bits, task.ops().splitter());
                        return (ops, x) -> Tensor.of(codes.dequantize(), codes.out(), codes.in());
                      }));
    }
    return fitters;
  }
}
