package nibble.testing;

import java.util.Collections;
import java.util.Random;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.RandomWeights;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.Gpt2;
import nibble.nn.decoder.Gpt2Config;
import nibble.nn.decoder.GptNeoX;
import nibble.nn.decoder.GptNeoXConfig;
import nibble.nn.decoder.Llama;
import nibble.nn.decoder.LlamaConfig;
import nibble.nn.transformer.RopeScaling;
import nibble.tensor.Tensor;

/** Small text models with random weights for property tests. */
public final class RandomTextModels {
  public static final int VOCABULARY = 19;
  private static final int CONTEXT = 300;

  private RandomTextModels() {}

  /** What varies between Llama-like models. */
  public record Shape(
      int heads,
      int keyValueHeads,
      int headDim,
      int layers,
      int intermediate,
      boolean biases,
      boolean norms,
      boolean joined,
      boolean tied,
      int window) {
    /** A plain small Llama with grouped heads and a tied head. */
    public static final Shape SMALL = new Shape(4, 2, 8, 2, 48, false, false, false, true, 0);
  }

  private static DecoderSize size(
      String architecture,
      int heads,
      int keyValueHeads,
      int headDim,
      int layers,
      int intermediate,
      boolean tied) {
    return new DecoderSize(
        architecture,
        VOCABULARY,
        heads * headDim,
        layers,
        intermediate,
        heads,
        keyValueHeads,
        headDim,
        CONTEXT,
        1e-5f,
        tied,
        false);
  }

  /** A Llama-like model. */
  public static Decoder llama(Shape s, long seed) {
    LlamaConfig config =
        new LlamaConfig(
            size(
                "LlamaForCausalLM",
                s.heads,
                s.keyValueHeads,
                s.headDim,
                s.layers,
                s.intermediate,
                s.tied),
            10000,
            new RopeScaling.None(),
            s.headDim / 2 * 2,
            Activation.SILU,
            s.biases,
            s.biases,
            s.biases,
            s.norms,
            s.joined,
            Collections.nCopies(s.layers, s.window),
            Collections.nCopies(s.layers, true));
    return randomized(Llama.of(config, new RandomWeights(new Random(seed), 0.2f)), seed + 1);
  }

  /** A GPT-2. */
  public static Decoder gpt2(int heads, int headDim, long seed) {
    Gpt2Config config =
        new Gpt2Config(
            size("GPT2LMHeadModel", heads, heads, headDim, 2, 48, true),
            Activation.GELU_TANH,
            true,
            false);
    return randomized(Gpt2.of(config, new RandomWeights(new Random(seed), 0.2f)), seed + 1);
  }

  /** A GPT-NeoX. */
  public static Decoder gptNeoX(int heads, int headDim, boolean parallel, long seed) {
    GptNeoXConfig config =
        new GptNeoXConfig(
            size("GPTNeoXForCausalLM", heads, heads, headDim, 2, 48, false),
            2,
            10000,
            new RopeScaling.None(),
            parallel,
            true,
            Activation.GELU);
    return randomized(GptNeoX.of(config, new RandomWeights(new Random(seed), 0.2f)), seed + 1);
  }

  /** Gains, shifts and biases random too, so that no fold is trivially right. */
  private static <M extends Model> M randomized(M model, long seed) {
    Random random = new Random(seed);
    for (Parameter parameter : model.parameters()) {
      if (parameter.shape().rank() == 1) {
        boolean gain = parameter.name().endsWith("weight");
        parameter.set(
            Tensor.of(
                RandomModels.gaussian(random, (int) parameter.shape().size(), gain ? 1 : 0, 0.3f),
                parameter.shape().dims()));
      }
    }
    return model;
  }

  /** Random token ids. */
  public static int[] ids(int count, long seed) {
    return new Random(seed).ints(count, 0, VOCABULARY).toArray();
  }

  /** The same as an input of a model. */
  public static Tensor input(int count, long seed) {
    return TokenIds.tensor(ids(count, seed));
  }
}
