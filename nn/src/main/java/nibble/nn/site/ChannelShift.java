package nibble.nn.site;

import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.RowMap;
import nibble.kernels.rowwise.Elementwise;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@code x + shift}, spread as {@link ScaleLayout} says: fixed noise (NoisyQuant), or the centring
 * of channels. Who adds it takes it out of what follows.
 *
 * @param shift finite
 */
public record ChannelShift(Tensor shift) implements StoredFunction {
  static final String KIND = "channel-shift";

  public ChannelShift {
    shift = shift.toF32();
    for (float value : shift.toFloats()) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("shifts must be finite, one is " + value);
      }
    }
  }

  static StoredFunction of(FunctionRecord record) {
    return new ChannelShift(record.tensor("shift"));
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.add(x, shift);
  }

  @Override
  public Optional<RowMap> rowMap() {
    return shift.rank() == 1
        ? Optional.of(new ChannelMap(shift, Elementwise.best()::add))
        : Optional.empty();
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(KIND, Map.of(), Map.of("shift", shift));
  }

  @Override
  public String format() {
    return "channel shift";
  }
}
