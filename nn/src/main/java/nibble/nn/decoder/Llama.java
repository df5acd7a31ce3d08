package nibble.nn.decoder;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.nn.transformer.AttentionCore;
import nibble.nn.transformer.FeedForward;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.Projection;
import nibble.nn.transformer.RotaryEmbedding;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;
import org.jspecify.annotations.Nullable;

/**
 * Llama 1 to 3 and the models that are built like it: Mistral (sliding window), Qwen2 (biases),
 * Qwen3 (normalised queries and keys), Phi-3 (joined weights), SmolLM. RMS normalisation, rotary
 * positions, grouped query heads, gated feed-forward layers.
 *
 * <p>Touvron et al., <a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>; Grattafiori
 * et al. (Llama 3), <a href="https://arxiv.org/abs/2407.21783">arXiv:2407.21783</a>; parameter
 * names and details as in Hugging Face transformers.
 */
public final class Llama {
  private final LlamaConfig config;
  private final DecoderSize size;
  private final Layers make;
  private final RotaryEmbedding rope;

  private Llama(LlamaConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    rope = new RotaryEmbedding(config.rotaryDims(), config.ropeBase(), config.ropeScaling());
  }

  /** The model with the parameters of {@code weights}. */
  public static Decoder of(LlamaConfig config, WeightSource weights) {
    return new Llama(config, weights).build();
  }

  private Decoder build() {
    Embedding embedding =
        new Embedding(
            "embed",
            make.weights()
                .parameter("model.embed_tokens.weight", size.vocabulary(), size.hidden()));
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    Norm norm = streamNorm("norm", "model.norm");
    Linear head = Heads.head(make, size, embedding, "lm_head", false);
    return new Decoder(config, DecoderParts.rotary(make.sites(), embedding, blocks, norm, head));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = "model.layers." + index + ".";
    Norm first = streamNorm(name + ".norm1", layer + "input_layernorm");
    SelfAttention attention = attention(name, layer + "self_attn.", index);
    Norm second = streamNorm(name + ".norm2", layer + "post_attention_layernorm");
    return new TransformerBlock(
        name,
        attention,
        feedForward(name + ".mlp.", layer + "mlp."),
        new Wiring.PreNorm(first, second));
  }

  private Norm streamNorm(String name, String checkpointName) {
    return size.folded()
        ? make.plainRms(name, size.epsilon())
        : make.rmsNorm(name, checkpointName, size.hidden(), size.epsilon());
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    int window = config.windows().get(index);
    Visibility visibility = window == 0 ? Visibility.CAUSAL : Visibility.window(window);
    AttentionCore core =
        new AttentionCore(
            size.heads(),
            size.keyValueHeads(),
            size.headDim(),
            size.attentionScale(),
            0,
            visibility);
    Projection projection =
        config.joined() ? joined(name, checkpointName) : separate(name, checkpointName);
    Linear output =
        make.linear(
            name + ".attn.o",
            checkpointName + "o_proj",
            size.hidden(),
            size.queryWidth(),
            config.outputBias());
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(
            core,
            projection,
            output,
            headNorm(name + ".attn.q_norm", checkpointName + "q_norm"),
            headNorm(name + ".attn.k_norm", checkpointName + "k_norm"),
            config.rotary().get(index) ? rope : null),
        make.sites());
  }

  private @Nullable Norm headNorm(String name, String checkpointName) {
    return config.queryKeyNorm()
        ? make.rmsNorm(name, checkpointName, size.headDim(), size.epsilon())
        : null;
  }

  private Projection separate(String name, String checkpointName) {
    Site input = make.input(name + ".attn.qkv");
    int hidden = size.hidden();
    boolean bias = config.queryBias();
    return new Projection.Separate(
        make.linear(
            name + ".attn.q", checkpointName + "q_proj", size.queryWidth(), hidden, bias, input),
        make.linear(
            name + ".attn.k", checkpointName + "k_proj", size.keyValueWidth(), hidden, bias, input),
        make.linear(
            name + ".attn.v",
            checkpointName + "v_proj",
            size.keyValueWidth(),
            hidden,
            bias,
            input));
  }

  private Projection joined(String name, String checkpointName) {
    int rows = size.queryWidth() + 2 * size.keyValueWidth();
    return new Projection.Joined(
        make.linear(
            name + ".attn.qkv",
            checkpointName + "qkv_proj",
            rows,
            size.hidden(),
            config.queryBias()));
  }

  private FeedForward feedForward(String name, String checkpointName) {
    int inner = size.intermediate();
    int hidden = size.hidden();
    boolean bias = config.feedForwardBias();
    if (config.joined()) {
      Linear both =
          make.linear(name + "gate_up", checkpointName + "gate_up_proj", 2 * inner, hidden, bias);
      return new FeedForward.GatedJoined(
          both,
          config.activation(),
          make.linear(name + "down", checkpointName + "down_proj", hidden, inner, bias));
    }
    Site input = make.input(name + "gate_up");
    Linear gate =
        make.linear(name + "gate", checkpointName + "gate_proj", inner, hidden, bias, input);
    Linear up = make.linear(name + "up", checkpointName + "up_proj", inner, hidden, bias, input);
    return new FeedForward.Gated(
        gate,
        up,
        config.activation(),
        make.linear(name + "down", checkpointName + "down_proj", hidden, inner, bias));
  }
}
