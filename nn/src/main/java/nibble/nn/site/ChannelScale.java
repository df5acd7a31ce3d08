package nibble.nn.site;

import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.RowMap;
import nibble.kernels.rowwise.Elementwise;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@code x factor}, a factor for each channel: what a fold leaves to do in the forward pass where
 * nothing before the site can take it.
 *
 * @param factors {@code [channels]}, finite and not 0
 */
public record ChannelScale(Tensor factors) implements StoredFunction {
  static final String KIND = "channel-scale";

  public ChannelScale {
    factors = factors.toF32();
    for (float factor : factors.toFloats()) {
      if (!Float.isFinite(factor) || factor == 0) {
        throw new IllegalArgumentException(
            "channel factors must be finite and not 0, one is " + factor);
      }
    }
  }

  static StoredFunction of(FunctionRecord record) {
    return new ChannelScale(record.tensor("factor"));
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.mul(x, factors);
  }

  @Override
  public Optional<RowMap> rowMap() {
    return Optional.of(new ChannelMap(factors, Elementwise.best()::mul));
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(KIND, Map.of(), Map.of("factor", factors));
  }

  @Override
  public String format() {
    return "channel scale";
  }
}
