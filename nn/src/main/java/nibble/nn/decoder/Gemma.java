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
import nibble.nn.transformer.RopeScaling;
import nibble.nn.transformer.RotaryEmbedding;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;
import org.jspecify.annotations.Nullable;

/**
 * Gemma 1 to 3 (text). Gains of normalisations are stored less one; word vectors are multiplied by
 * {@code sqrt(hidden)}, here in FP32 (the original rounds that factor to the dtype it runs in).
 * Gemma 2 adds soft caps, normalisation of what is written to the stream, and a sliding window in
 * every other layer; Gemma 3 normalises queries and keys instead of capping, and gives layers with
 * a window a rotary base of their own.
 *
 * <p>Gemma Team, <a href="https://arxiv.org/abs/2408.00118">arXiv:2408.00118</a> (2) and <a
 * href="https://arxiv.org/abs/2503.19786">arXiv:2503.19786</a> (3); parameter names and details as
 * in Hugging Face transformers.
 */
public final class Gemma {
  private final GemmaConfig config;
  private final DecoderSize size;
  private final Layers make;
  private final RotaryEmbedding globalRope;
  private final RotaryEmbedding localRope;

  private Gemma(GemmaConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    globalRope = new RotaryEmbedding(size.headDim(), config.ropeBase(), config.ropeScaling());
    localRope = new RotaryEmbedding(size.headDim(), config.localRopeBase(), new RopeScaling.None());
  }

  /** The model with the parameters of {@code weights}. */
  public static Decoder of(GemmaConfig config, WeightSource weights) {
    return new Gemma(config, weights).build();
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
    float scale = (float) Math.sqrt(size.hidden());
    DecoderParts parts =
        new DecoderParts(
            make.sites(),
            embedding,
            scale,
            null,
            null,
            blocks,
            norm,
            null,
            head,
            config.finalSoftCap());
    return new Decoder(config, parts);
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = "model.layers." + index + ".";
    SelfAttention attention = attention(name, layer + "self_attn.", index);
    return new TransformerBlock(
        name, attention, feedForward(name + ".mlp.", layer + "mlp."), wiring(name, layer));
  }

  private Wiring wiring(String name, String layer) {
    Norm first = streamNorm(name + ".norm1", layer + "input_layernorm");
    if (!config.sandwich()) {
      return new Wiring.PreNorm(
          first, streamNorm(name + ".norm2", layer + "post_attention_layernorm"));
    }
    return new Wiring.Sandwich(
        first,
        streamNorm(name + ".post_norm1", layer + "post_attention_layernorm"),
        streamNorm(name + ".norm2", layer + "pre_feedforward_layernorm"),
        streamNorm(name + ".post_norm2", layer + "post_feedforward_layernorm"));
  }

  private Norm streamNorm(String name, String checkpointName) {
    return size.folded()
        ? make.plainRms(name, size.epsilon())
        : make.rmsNormPlusOne(name, checkpointName, size.hidden(), size.epsilon());
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    int window = config.windows().get(index);
    Visibility visibility = window == 0 ? Visibility.CAUSAL : Visibility.window(window);
    float scale = (float) (1 / Math.sqrt(config.queryScalar()));
    AttentionCore core =
        new AttentionCore(
            size.heads(),
            size.keyValueHeads(),
            size.headDim(),
            scale,
            config.attentionSoftCap(),
            visibility);
    Site input = make.input(name + ".attn.qkv");
    boolean bias = config.attentionBias();
    Projection projection =
        new Projection.Separate(
            make.linear(
                name + ".attn.q",
                checkpointName + "q_proj",
                size.queryWidth(),
                size.hidden(),
                bias,
                input),
            make.linear(
                name + ".attn.k",
                checkpointName + "k_proj",
                size.keyValueWidth(),
                size.hidden(),
                bias,
                input),
            make.linear(
                name + ".attn.v",
                checkpointName + "v_proj",
                size.keyValueWidth(),
                size.hidden(),
                bias,
                input));
    Linear output =
        make.linear(
            name + ".attn.o", checkpointName + "o_proj", size.hidden(), size.queryWidth(), bias);
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(
            core,
            projection,
            output,
            headNorm(name + ".attn.q_norm", checkpointName + "q_norm"),
            headNorm(name + ".attn.k_norm", checkpointName + "k_norm"),
            window == 0 ? globalRope : localRope),
        make.sites());
  }

  private @Nullable Norm headNorm(String name, String checkpointName) {
    return config.queryKeyNorm()
        ? make.rmsNormPlusOne(name, checkpointName, size.headDim(), size.epsilon())
        : null;
  }

  private FeedForward feedForward(String name, String checkpointName) {
    Site input = make.input(name + "gate_up");
    Linear gate =
        make.linear(
            name + "gate",
            checkpointName + "gate_proj",
            size.intermediate(),
            size.hidden(),
            false,
            input);
    Linear up =
        make.linear(
            name + "up",
            checkpointName + "up_proj",
            size.intermediate(),
            size.hidden(),
            false,
            input);
    Linear down =
        make.linear(
            name + "down", checkpointName + "down_proj", size.hidden(), size.intermediate(), false);
    return new FeedForward.Gated(gate, up, config.activation(), down);
  }
}
