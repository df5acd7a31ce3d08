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
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.Projection;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;
import org.jspecify.annotations.Nullable;

/**
 * OPT: layer normalisation before the layers (OPT-350m: after them), learned positions that start
 * at row 2 of their table, and in OPT-350m word vectors that are narrower than the stream.
 *
 * <p>Zhang et al., <a href="https://arxiv.org/abs/2205.01068">arXiv:2205.01068</a>; parameter names
 * as in Hugging Face transformers, {@code model.decoder.} or {@code decoder.} in front.
 */
public final class Opt {
  private static final int POSITION_OFFSET = 2;

  private final OptConfig config;
  private final DecoderSize size;
  private final Layers make;
  private final String prefix;

  private Opt(OptConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    prefix = weights.has("model.decoder.embed_tokens.weight") ? "model.decoder." : "decoder.";
  }

  /** The model with the parameters of {@code weights}. */
  public static Decoder of(OptConfig config, WeightSource weights) {
    return new Opt(config, weights).build();
  }

  private Decoder build() {
    Embedding words =
        new Embedding(
            "embed",
            make.weights()
                .parameter(prefix + "embed_tokens.weight", size.vocabulary(), config.wordWidth()));
    int rows = size.context() + POSITION_OFFSET;
    Embedding table =
        new Embedding(
            "positions",
            make.weights().parameter(prefix + "embed_positions.weight", rows, size.hidden()));
    LearnedPositions positions = new LearnedPositions(table, POSITION_OFFSET);
    Linear in = projection("project_in", size.hidden(), config.wordWidth());
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    Norm norm = config.finalNorm() ? norm("norm", prefix + "final_layer_norm") : null;
    Linear out = projection("project_out", config.wordWidth(), size.hidden());
    Linear head = Heads.head(make, size, words, "lm_head", false);
    return new Decoder(
        config,
        new DecoderParts(make.sites(), words, 1, positions, in, blocks, norm, out, head, 0));
  }

  private @Nullable Linear projection(String name, int out, int in) {
    return config.wordWidth() == size.hidden()
        ? null
        : make.linear(name, prefix + name, out, in, false);
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = prefix + "layers." + index + ".";
    Norm first = norm(name + ".norm1", layer + "self_attn_layer_norm");
    SelfAttention attention = attention(name, layer + "self_attn.", index);
    Norm second = norm(name + ".norm2", layer + "final_layer_norm");
    Linear up =
        make.linear(
            name + ".mlp.fc1", layer + "fc1", size.intermediate(), size.hidden(), config.bias());
    Linear down =
        make.linear(
            name + ".mlp.fc2", layer + "fc2", size.hidden(), size.intermediate(), config.bias());
    Wiring wiring =
        config.preNorm() ? new Wiring.PreNorm(first, second) : new Wiring.PostNorm(first, second);
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
    Site input = make.input(name + ".attn.qkv");
    int hidden = size.hidden();
    boolean bias = config.bias();
    Projection projection =
        new Projection.Separate(
            make.linear(name + ".attn.q", checkpointName + "q_proj", hidden, hidden, bias, input),
            make.linear(name + ".attn.k", checkpointName + "k_proj", hidden, hidden, bias, input),
            make.linear(name + ".attn.v", checkpointName + "v_proj", hidden, hidden, bias, input));
    Linear output =
        make.linear(name + ".attn.o", checkpointName + "out_proj", hidden, hidden, bias);
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(core, projection, output, null, null, null),
        make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return size.folded()
        ? make.plainRms(name, size.epsilon())
        : make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
