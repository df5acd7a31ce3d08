package nibble.nn.encoder;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
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

/**
 * ModernBERT: rotary positions, normalisation before the layers (none before the first attention,
 * since the embedding is normalised), gated feed-forward layers, and attention that in most layers
 * sees only the neighbourhood.
 *
 * <p>Warner et al., <a href="https://arxiv.org/abs/2412.13663">arXiv:2412.13663</a>; parameter
 * names as in Hugging Face transformers, with or without {@code model.} in front.
 */
public final class ModernBert {
  private final ModernBertConfig config;
  private final EncoderSize size;
  private final Layers make;
  private final String prefix;
  private final RotaryEmbedding globalRope;
  private final RotaryEmbedding localRope;

  private ModernBert(ModernBertConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    prefix = weights.has("embeddings.tok_embeddings.weight") ? "" : "model.";
    globalRope =
        new RotaryEmbedding(size.headDim(), config.globalRopeBase(), new RopeScaling.None());
    localRope = new RotaryEmbedding(size.headDim(), config.localRopeBase(), new RopeScaling.None());
  }

  /** The model with the parameters of {@code weights}. */
  public static Encoder of(ModernBertConfig config, WeightSource weights) {
    return new ModernBert(config, weights).build();
  }

  private Encoder build() {
    String table = prefix + "embeddings.tok_embeddings.weight";
    Embedding words =
        new Embedding("embed", make.weights().parameter(table, size.vocabulary(), size.hidden()));
    Norm norm = norm("embed_norm", prefix + "embeddings.norm");
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    Norm last = norm("norm", prefix + "final_norm");
    return new Encoder(
        config, new EncoderParts(make.sites(), words, null, null, norm, blocks, last, List.of()));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = prefix + "layers." + index + ".";
    Norm first =
        index == 0 ? Norm.none(name + ".norm1") : norm(name + ".norm1", layer + "attn_norm");
    SelfAttention attention = attention(name, layer + "attn.", index);
    Norm second = norm(name + ".norm2", layer + "mlp_norm");
    boolean bias = config.feedForwardBias();
    Linear both =
        make.linear(
            name + ".mlp.fc1", layer + "mlp.Wi", 2 * size.intermediate(), size.hidden(), bias);
    Linear down =
        make.linear(name + ".mlp.fc2", layer + "mlp.Wo", size.hidden(), size.intermediate(), bias);
    return new TransformerBlock(
        name,
        attention,
        new FeedForward.GatedJoined(both, config.activation(), down),
        new Wiring.PreNorm(first, second));
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    int hidden = size.hidden();
    boolean global = config.global().get(index);
    Visibility visibility = global ? Visibility.ALL : Visibility.within(config.localWindow() / 2);
    AttentionCore core = AttentionCore.multiHead(size.heads(), size.headDim(), visibility);
    Linear joined =
        make.linear(
            name + ".attn.qkv",
            checkpointName + "Wqkv",
            3 * hidden,
            hidden,
            config.attentionBias());
    Linear output =
        make.linear(
            name + ".attn.o", checkpointName + "Wo", hidden, hidden, config.attentionBias());
    RotaryEmbedding rope = global ? globalRope : localRope;
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(core, new Projection.Joined(joined), output, null, null, rope),
        make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), config.normBias());
  }
}
