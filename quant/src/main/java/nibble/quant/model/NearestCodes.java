package nibble.quant.model;

import java.util.LinkedHashMap;
import java.util.Map;
import nibble.nn.Linear;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.rtn.Rtn;

/** Weights rounded to nearest on the grids of their scheme. */
public final class NearestCodes {
  private NearestCodes() {}

  /**
   * The codes of all weights that a task quantizes, as they are now.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message names the layer
   */
  public static Map<Linear, QuantizedTensor> of(ModelTask task) {
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    for (Linear linear : task.model().linears()) {
      task.weights(linear)
          .ifPresent(
              scheme ->
                  codes.put(
                      linear,
                      Rtn.quantize(
                          linear.name(), linear.weight().peek(), scheme, task.ops().splitter())));
    }
    return codes;
  }
}
