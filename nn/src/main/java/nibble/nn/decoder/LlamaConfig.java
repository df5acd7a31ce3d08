package nibble.nn.decoder;

import java.util.List;
import nibble.nn.Activation;
import nibble.nn.transformer.RopeScaling;

/**
 * The dimensions of Llama and of the models that are built like it.
 *
 * @param ropeBase rope_theta
 * @param ropeScaling for long contexts
 * @param rotaryDims channels of a head that turn, the first ones
 * @param activation of the gate
 * @param queryBias whether query, key and value have biases (Qwen2)
 * @param outputBias whether the output projection of the attention has one
 * @param feedForwardBias whether the feed-forward layers have biases
 * @param queryKeyNorm whether queries and keys are normalised per head (Qwen3)
 * @param joined whether query, key and value are one weight, gate and up another (Phi-3)
 * @param windows for each layer how many positions a query sees, its own included; 0 for all before
 *     it
 * @param rotary for each layer whether positions are applied (SmolLM3 leaves some out)
 */
public record LlamaConfig(
    DecoderSize size,
    double ropeBase,
    RopeScaling ropeScaling,
    int rotaryDims,
    Activation activation,
    boolean queryBias,
    boolean outputBias,
    boolean feedForwardBias,
    boolean queryKeyNorm,
    boolean joined,
    List<Integer> windows,
    List<Boolean> rotary)
    implements DecoderConfig {

  public LlamaConfig {
    windows = List.copyOf(windows);
    rotary = List.copyOf(rotary);
    if (windows.size() != size.layers() || rotary.size() != size.layers()) {
      throw new IllegalArgumentException(
          "%d layers have %d windows and %d choices of positions"
              .formatted(size.layers(), windows.size(), rotary.size()));
    }
    if (windows.stream().anyMatch(w -> w < 0)) {
      throw new IllegalArgumentException("sliding_window must not be negative, was " + windows);
    }
    if (rotaryDims > size.headDim()) {
      throw new IllegalArgumentException(
          "a head of " + size.headDim() + " channels cannot turn " + rotaryDims);
    }
  }

  @Override
  public LlamaConfig with(DecoderSize other) {
    return new LlamaConfig(
        other,
        ropeBase,
        ropeScaling,
        rotaryDims,
        activation,
        queryBias,
        outputBias,
        feedForwardBias,
        queryKeyNorm,
        joined,
        windows,
        rotary);
  }
}
