package nibble.nn.vit;

import java.util.List;
import java.util.Optional;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Pre-norm block whose attention stays within windows: {@code x += attention(norm1(x)); x +=
 * fc2(activation(fc1(norm2(x))))}.
 */
final class SwinBlock implements Block {
  private final String name;
  private final int heads;
  private final int windowPatches;
  private final Windows windows;
  private final int[] relative;
  private final Norm norm1;
  private final SplitAttention attention;
  private final Parameter biases;
  private final Norm norm2;
  private final Linear fc1;
  private final Nonlinearity activation;
  private final Linear fc2;

  /**
   * @param index number of the block within the model
   * @param stage its stage
   * @param indexInStage its number within the stage; odd ones shift their windows
   */
  SwinBlock(int index, int stage, int indexInStage, SwinConfig config, LayerMaker make) {
    name = "blocks." + index;
    heads = config.heads().get(stage);
    int window = config.window();
    windowPatches = window * window;
    int side = config.grid(stage);
    windows = new Windows(side, window, indexInStage % 2 == 0 || side == window ? 0 : window / 2);
    int width = config.width(stage);
    int inner = (int) (width * config.mlpRatio());
    String layer = "swin.encoder.layers." + stage + ".blocks." + indexInStage;
    String attn = layer + ".attention.";
    norm1 = make.layerNorm(name + ".norm1", layer + ".layernorm_before", width, config.epsilon());
    SplitAttention.Names names =
        new SplitAttention.Names(
            attn + "self.query", attn + "self.key", attn + "self.value", attn + "output.dense");
    attention = new SplitAttention(name + ".attn", names, width, heads, config.qkvBias(), make);
    biases =
        make.weights()
            .parameter(
                attn + "self.relative_position_bias_table",
                (2 * window - 1) * (2 * window - 1),
                heads);
    relative = relativePlaces(window);
    norm2 = make.layerNorm(name + ".norm2", layer + ".layernorm_after", width, config.epsilon());
    fc1 = make.linear(name + ".mlp.fc1", layer + ".intermediate.dense", inner, width);
    activation = make.nonlinearity(name + ".mlp", config.activation());
    fc2 = make.linear(name + ".mlp.fc2", layer + ".output.dense", width, inner);
  }

  /**
   * Row of the bias table for each pair of patches in a window: it depends on how far one is below
   * and to the right of the other.
   */
  private static int[] relativePlaces(int window) {
    int patches = window * window;
    int[] places = new int[patches * patches];
    for (int i = 0; i < patches; i++) {
      for (int j = 0; j < patches; j++) {
        int down = i / window - j / window + window - 1;
        int right = i % window - j % window + window - 1;
        places[i * patches + j] = down * (2 * window - 1) + right;
      }
    }
    return places;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Tensor forward(Ops ops, Tensor x) {
    Tensor local = windows.split(ops, norm1.forward(ops, x));
    Tensor mixed = windows.join(ops, attention.forward(ops, local, scores -> biased(ops, scores)));
    Tensor attended = ops.add(x, mixed);
    Tensor hidden = activation.after(ops, fc1, norm2.forward(ops, attended));
    return fc2.forwardAdd(ops, hidden, attended);
  }

  private Tensor biased(Ops ops, Tensor scores) {
    Tensor rows =
        ops.reshape(ops.rowsOf(biases.floats(), relative), windowPatches, windowPatches, heads);
    Tensor sum = ops.add(scores, ops.permute(rows, 2, 0, 1));
    Tensor mask = windows.mask();
    if (mask == null) {
      return sum;
    }
    int images = scores.dim(0) / windows.count();
    Tensor byImage = ops.reshape(sum, images, windows.count(), heads, windowPatches, windowPatches);
    return ops.reshape(ops.add(byImage, mask), scores.shape().dims());
  }

  @Override
  public List<List<Linear>> stages() {
    return List.of(attention.inputs(), List.of(attention.output()), List.of(fc1), List.of(fc2));
  }

  @Override
  public Optional<ResidualStructure.Attention> attentionPath() {
    return attention.path();
  }

  @Override
  public Optional<ResidualStructure.FeedForward> feedForwardPath() {
    return Optional.of(ResidualStructure.FeedForward.plain(fc1, activation.function(), fc2));
  }

  List<Linear> attentionInputs() {
    return attention.inputs();
  }

  /**
   * Zeros that fill up windows do not come from the normalisation, so where there are some,
   * attention does not read it alone.
   */
  List<ResidualStructure.Reader> readers() {
    ResidualStructure.Reader feedForward = new ResidualStructure.Reader(norm2, List.of(fc1));
    return windows.isPadded()
        ? List.of(feedForward)
        : List.of(new ResidualStructure.Reader(norm1, attention.inputs()), feedForward);
  }

  /** The parameters that belong to no linear layer. */
  void addOwnParameters(List<Parameter> all) {
    LayerMaker.addTo(all, norm1);
    LayerMaker.addTo(all, norm2);
    all.add(biases);
  }
}
