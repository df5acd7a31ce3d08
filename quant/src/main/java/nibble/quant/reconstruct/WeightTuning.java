package nibble.quant.reconstruct;

import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.SiteFunction;
import nibble.nn.train.ParameterGroup;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Tunes the float weight and bias of a layer, through a quantizer of the weight where there is one.
 * Afterwards the layer holds the tuned values, as plain tensors. Serves one thread at a time.
 */
public final class WeightTuning implements Learner {
  private final Linear linear;
  private final Optional<SiteFunction> quantizer;
  private final ParameterGroup group;

  /**
   * @param quantizer of the weight, which passes gradients; empty while weights are float
   * @param rate of Adam
   */
  public WeightTuning(Linear linear, Optional<SiteFunction> quantizer, double rate) {
    this.linear = linear;
    this.quantizer = quantizer;
    @Nullable Parameter bias = linear.bias();
    Tensor weight = linear.weight().train();
    group =
        new ParameterGroup(
            linear.name(), rate, 0, bias == null ? List.of(weight) : List.of(weight, bias.train()));
    linear.weightChanged();
  }

  @Override
  public List<ParameterGroup> groups() {
    return List.of(group);
  }

  @Override
  public void begin() {
    quantizer.ifPresent(linear.weightSite()::append);
  }

  @Override
  public void end() {
    quantizer.ifPresent(linear.weightSite()::remove);
    @Nullable Parameter bias = linear.bias();
    if (bias != null) {
      plain(bias);
    }
    plain(linear.weight());
    linear.weightChanged();
  }

  /** A copy of the values, without gradients. */
  private static void plain(Parameter parameter) {
    parameter.set(Tensor.of(parameter.floats().toFloats(), parameter.shape().dims()));
  }

  @Override
  public void project() {
    linear.weightChanged();
  }
}
