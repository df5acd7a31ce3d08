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
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.Projection;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;

/**
 * GPT-2: layer normalisation, learned positions, one layer for queries, keys and values. Weights
 * are stored {@code [in, out]} (Conv1D); once quantized they are stored {@code [out, in]} like all
 * others.
 *
 * <p>Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; parameter names
 * as in Hugging Face transformers, with or without the prefix {@code transformer.}.
 */
public final class Gpt2 {
  private final Gpt2Config config;
  private final DecoderSize size;
  private final Layers make;
  private final String prefix;

  private Gpt2(Gpt2Config config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    prefix = weights.has("transformer.wte.weight") ? "transformer." : "";
  }

  /** The model with the parameters of {@code weights}. */
  public static Decoder of(Gpt2Config config, WeightSource weights) {
    return new Gpt2(config, weights).build();
  }

  private Decoder build() {
    Embedding words =
        new Embedding(
            "embed",
            make.weights().parameter(prefix + "wte.weight", size.vocabulary(), size.hidden()));
    Embedding positions =
        new Embedding(
            "positions",
            make.weights().parameter(prefix + "wpe.weight", size.context(), size.hidden()));
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    Norm norm = norm("norm", prefix + "ln_f");
    Linear head = Heads.head(make, size, words, "lm_head", false);
    return new Decoder(
        config,
        new DecoderParts(
            make.sites(),
            words,
            1,
            new LearnedPositions(positions, 0),
            null,
            blocks,
            norm,
            null,
            head,
            0));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = prefix + "h." + index + ".";
    Norm first = norm(name + ".norm1", layer + "ln_1");
    SelfAttention attention = attention(name, layer + "attn.", index);
    Norm second = norm(name + ".norm2", layer + "ln_2");
    Linear up =
        make.transposed(
            name + ".mlp.fc1", layer + "mlp.c_fc", size.intermediate(), size.hidden(), true);
    Linear down =
        make.transposed(
            name + ".mlp.fc2", layer + "mlp.c_proj", size.hidden(), size.intermediate(), true);
    return new TransformerBlock(
        name,
        attention,
        new FeedForward.Plain(up, config.activation(), down),
        new Wiring.PreNorm(first, second));
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    float scale =
        (config.scaled() ? size.attentionScale() : 1) / (config.scaledByLayer() ? index + 1 : 1);
    AttentionCore core =
        new AttentionCore(size.heads(), size.heads(), size.headDim(), scale, 0, Visibility.CAUSAL);
    Linear joined =
        make.transposed(
            name + ".attn.qkv", checkpointName + "c_attn", 3 * size.hidden(), size.hidden(), true);
    Linear output =
        make.transposed(
            name + ".attn.o", checkpointName + "c_proj", size.hidden(), size.hidden(), true);
    return new SelfAttention(
        name,
        index,
        new SelfAttention.Parts(core, new Projection.Joined(joined), output, null, null, null),
        make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return size.folded()
        ? make.plainRms(name, size.epsilon())
        : make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
