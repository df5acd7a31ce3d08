package nibble.nn.decoder;

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
import nibble.nn.transformer.RotaryEmbedding;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;

/**
 * GPT-NeoX and Pythia: attention and feed-forward layer side by side, positions that turn a part of
 * each head, and one layer whose rows are query, key and value of head 0, then of head 1, ...
 *
 * <p>Black et al., <a href="https://arxiv.org/abs/2204.06745">arXiv:2204.06745</a>; Biderman et al.
 * (Pythia), <a href="https://arxiv.org/abs/2304.01373">arXiv:2304.01373</a>; parameter names as in
 * Hugging Face transformers.
 */
public final class GptNeoX {
  private final GptNeoXConfig config;
  private final DecoderSize size;
  private final Layers make;
  private final RotaryEmbedding rope;

  private GptNeoX(GptNeoXConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    rope = new RotaryEmbedding(config.rotaryDims(), config.ropeBase(), config.ropeScaling());
  }

  /** The model with the parameters of {@code weights}. */
  public static Decoder of(GptNeoXConfig config, WeightSource weights) {
    return new GptNeoX(config, weights).build();
  }

  private Decoder build() {
    Embedding embedding =
        new Embedding(
            "embed",
            make.weights().parameter("gpt_neox.embed_in.weight", size.vocabulary(), size.hidden()));
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    Norm norm = norm("norm", "gpt_neox.final_layer_norm");
    return new Decoder(
        config,
        DecoderParts.rotary(
            make.sites(),
            embedding,
            blocks,
            norm,
            Heads.head(make, size, embedding, "embed_out", false)));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = "gpt_neox.layers." + index + ".";
    Norm first = norm(name + ".norm1", layer + "input_layernorm");
    SelfAttention attention = attention(name, layer + "attention.", index);
    Norm second = norm(name + ".norm2", layer + "post_attention_layernorm");
    Linear up =
        make.linear(
            name + ".mlp.fc1",
            layer + "mlp.dense_h_to_4h",
            size.intermediate(),
            size.hidden(),
            true);
    Linear down =
        make.linear(
            name + ".mlp.fc2",
            layer + "mlp.dense_4h_to_h",
            size.hidden(),
            size.intermediate(),
            true);
    Wiring wiring =
        config.parallel() ? new Wiring.Parallel(first, second) : new Wiring.PreNorm(first, second);
    return new TransformerBlock(
        name, attention, new FeedForward.Plain(up, config.activation(), down), wiring);
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    AttentionCore core =
        new AttentionCore(
            size.heads(),
            size.heads(),
            size.headDim(),
            size.attentionScale(),
            0,
            Visibility.CAUSAL);
    Linear joined =
        make.linear(
            name + ".attn.qkv",
            checkpointName + "query_key_value",
            3 * size.hidden(),
            size.hidden(),
            config.attentionBias());
    Linear output =
        make.linear(
            name + ".attn.o",
            checkpointName + "dense",
            size.hidden(),
            size.hidden(),
            config.attentionBias());
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(
            core, new Projection.JoinedByHead(joined), output, null, null, rope),
        make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return size.folded()
        ? make.plainRms(name, size.epsilon())
        : make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
