package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Activation;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The feed-forward layers of a block, {@code [batch, tokens, hidden]} to the same shape. */
public sealed interface FeedForward {
  default Tensor forward(Ops ops, Tensor x) {
    return down().forward(ops, inner(ops, x));
  }

  /** {@code residual} plus the same, in one pass where the weight's form can do that. */
  default Tensor forwardAdd(Ops ops, Tensor x, Tensor residual) {
    return down().forwardAdd(ops, inner(ops, x), residual);
  }

  /** What the last layer reads. */
  Tensor inner(Ops ops, Tensor x);

  /** The layers that read the stream; they share an input site. */
  List<Linear> up();

  /** The layer that writes to it. */
  Linear down();

  /** The rows that pass through to {@code down} linearly, where there are some. */
  Optional<ResidualStructure.Carrier> carrier();

  /** All layers. */
  default List<Linear> linears() {
    List<Linear> all = new ArrayList<>(up());
    all.add(down());
    return all;
  }

  /** {@code down(activation(up(x)))}. */
  record Plain(Linear first, Activation activation, Linear down) implements FeedForward {
    @Override
    public Tensor inner(Ops ops, Tensor x) {
      return first.forward(ops, x, activation);
    }

    @Override
    public List<Linear> up() {
      return List.of(first);
    }

    @Override
    public Optional<ResidualStructure.Carrier> carrier() {
      return ResidualStructure.FeedForward.plain(first, activation, down).carrier();
    }
  }

  /** {@code down(activation(gate(x)) * up(x))}. */
  record Gated(Linear gate, Linear second, Activation activation, Linear down)
      implements FeedForward {
    @Override
    public Tensor inner(Ops ops, Tensor x) {
      LayerInput input = gate.input().input(ops, x);
      Tensor opened = gate.project(ops, input, activation);
      return ops.mul(opened, second.project(ops, input));
    }

    @Override
    public List<Linear> up() {
      return List.of(gate, second);
    }

    @Override
    public Optional<ResidualStructure.Carrier> carrier() {
      return Optional.of(new ResidualStructure.Carrier(second, 0, false));
    }
  }

  /**
   * {@link Gated} with the rows of the gate and those of the second layer in one weight, the gate
   * first.
   */
  record GatedJoined(Linear both, Activation activation, Linear down) implements FeedForward {
    @Override
    public Tensor inner(Ops ops, Tensor x) {
      Tensor joined = both.forward(ops, x);
      int width = down.in();
      Tensor opened = activation.apply(ops, ops.slice(joined, -1, 0, width));
      return ops.mul(opened, ops.slice(joined, -1, width, 2 * width));
    }

    @Override
    public List<Linear> up() {
      return List.of(both);
    }

    @Override
    public Optional<ResidualStructure.Carrier> carrier() {
      return Optional.of(new ResidualStructure.Carrier(both, down.in(), false));
    }
  }
}
