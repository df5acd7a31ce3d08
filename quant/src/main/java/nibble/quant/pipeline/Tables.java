package nibble.quant.pipeline;

import java.util.Optional;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Embedding;
import nibble.nn.packed.PackedIntWeight;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.LayerExecution;
import nibble.quant.model.LayerResult;
import nibble.quant.model.PackedLayers;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;

/**
 * Look-up tables as packed integers. A table is read one row at a time, so its second moments are
 * diagonal and no column can repair another: round to nearest is what every method of second order
 * does. A head that was tied to the table keeps the float values.
 */
final class Tables {
  private Tables() {}

  static LayerResult quantize(Embedding table, WeightScheme scheme, WorkSplitter splitter) {
    long start = System.nanoTime();
    Tensor weight = table.weight().peek();
    QuantizedTensor codes = Rtn.quantize(table.name(), weight, scheme, splitter);
    PackedIntWeight packed = PackedLayers.table(table.name(), codes);
    double seconds = (System.nanoTime() - start) * 1e-9;
    LayerResult result =
        LayerExecution.ofTable(table.name(), weight, codes, packed, seconds, splitter);
    table.weight().replace(packed::dequantized);
    table.execute(packed);
    return result;
  }

  static PlannedLayer planned(Embedding table, WeightScheme scheme) {
    long bytes = new Rtn().packedBytes(table.rows(), table.width(), scheme);
    return new PlannedLayer(Rtn.CARD.name(), scheme, Optional.empty(), bytes, false);
  }
}
