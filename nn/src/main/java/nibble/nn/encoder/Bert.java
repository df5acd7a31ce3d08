package nibble.nn.encoder;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.nn.transformer.AttentionCore;
import nibble.nn.transformer.FeedForward;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.Projection;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;

/**
 * BERT and everything with its structure: MiniLM, BGE, E5, and RoBERTa, whose positions start after the padding id. The pooler of a
 * checkpoint is kept but not computed: sentence vectors are pooled from the hidden states.
 *
 * <p>Devlin et al., <a href="https://arxiv.org/abs/1810.04805">arXiv:1810.04805</a>; Liu et al. (RoBERTa), <a
 * href="https://arxiv.org/abs/1907.11692">arXiv:1907.11692</a>; parameter names as in Hugging Face transformers, with or without {@code bert.}
 * or {@code roberta.} in front.
 */
public final class Bert {
  private final BertConfig config;
  private final EncoderSize size;
  private final Layers make;
  private final String prefix;

  private Bert(BertConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    prefix = weights.has("embeddings.word_embeddings.weight") ? "" : config.prefix();
  }

  /** The model with the parameters of {@code weights}. */
  public static Encoder of(BertConfig config, WeightSource weights) {
    return new Bert(config, weights).build();
  }

  private Encoder build() {
    String embeddings = prefix + "embeddings.";
    Embedding words = table("embed", embeddings + "word_embeddings", size.vocabulary());
    Embedding positions = table("positions", embeddings + "position_embeddings", size.context() + config.positionOffset());
    Embedding types = table("token_types", embeddings + "token_type_embeddings", config.tokenTypes());
    Norm norm = norm("embed_norm", embeddings + "LayerNorm");
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    EncoderParts parts = new EncoderParts(make.sites(), words, positions, config.positionOffset(), types, norm, blocks, null, pooler());
    return new Encoder(config, parts);
  }

  private Embedding table(String name, String checkpointName, int rows) {
    return new Embedding(name, make.weights().parameter(checkpointName + ".weight", rows, size.hidden()));
  }

  private List<Parameter> pooler() {
    String name = prefix + "pooler.dense";
    if (!make.weights().has(name + ".weight")) {
      return List.of();
    }
    return List.of(
        make.weights().parameter(name + ".weight", size.hidden(), size.hidden()), make.weights().parameter(name + ".bias", size.hidden()));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = prefix + "encoder.layer." + index + ".";
    SelfAttention attention = attention(name, layer + "attention.", index);
    Norm first = norm(name + ".norm1", layer + "attention.output.LayerNorm");
    Linear up = make.linear(name + ".mlp.fc1", layer + "intermediate.dense", size.intermediate(), size.hidden(), true);
    Linear down = make.linear(name + ".mlp.fc2", layer + "output.dense", size.hidden(), size.intermediate(), true);
    Norm second = norm(name + ".norm2", layer + "output.LayerNorm");
    return new TransformerBlock(name, attention, new FeedForward.Plain(up, config.activation(), down), new Wiring.PostNorm(first, second));
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    int hidden = size.hidden();
    AttentionCore core = AttentionCore.multiHead(size.heads(), size.headDim(), Visibility.ALL);
    Site input = make.input(name + ".attn.qkv");
    Projection projection =
        new Projection.Separate(
            make.linear(name + ".attn.q", checkpointName + "self.query", hidden, hidden, true, input),
            make.linear(name + ".attn.k", checkpointName + "self.key", hidden, hidden, true, input),
            make.linear(name + ".attn.v", checkpointName + "self.value", hidden, hidden, true, input));
    Linear output = make.linear(name + ".attn.o", checkpointName + "output.dense", hidden, hidden, true);
    return new SelfAttention(name, index, new SelfAttention.Parts(core, projection, output, null, null, null), make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
