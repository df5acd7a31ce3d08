package nibble.nn.encoder;

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
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.nn.transformer.Wiring;

/**
 * DistilBERT: BERT without segments and pooler, under other names.
 *
 * <p>Sanh et al., <a href="https://arxiv.org/abs/1910.01108">arXiv:1910.01108</a>; parameter names as in Hugging Face transformers, with or
 * without {@code distilbert.} in front.
 */
public final class DistilBert {
  private final DistilBertConfig config;
  private final EncoderSize size;
  private final Layers make;
  private final String prefix;

  private DistilBert(DistilBertConfig config, WeightSource weights) {
    this.config = config;
    size = config.size();
    make = new Layers(weights, new Sites(), size.folded());
    prefix = weights.has("embeddings.word_embeddings.weight") ? "" : "distilbert.";
  }

  /** The model with the parameters of {@code weights}. */
  public static Encoder of(DistilBertConfig config, WeightSource weights) {
    return new DistilBert(config, weights).build();
  }

  private Encoder build() {
    String embeddings = prefix + "embeddings.";
    Embedding words = table("embed", embeddings + "word_embeddings", size.vocabulary());
    Embedding positions = table("positions", embeddings + "position_embeddings", size.context());
    Norm norm = norm("embed_norm", embeddings + "LayerNorm");
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int i = 0; i < size.layers(); i++) {
      blocks.add(block(i));
    }
    return new Encoder(config, new EncoderParts(make.sites(), words, positions, 0, null, norm, blocks, null, List.of()));
  }

  private Embedding table(String name, String checkpointName, int rows) {
    return new Embedding(name, make.weights().parameter(checkpointName + ".weight", rows, size.hidden()));
  }

  private TransformerBlock block(int index) {
    String name = "layers." + index;
    String layer = prefix + "transformer.layer." + index + ".";
    SelfAttention attention = attention(name, layer + "attention.", index);
    Norm first = norm(name + ".norm1", layer + "sa_layer_norm");
    Linear up = make.linear(name + ".mlp.fc1", layer + "ffn.lin1", size.intermediate(), size.hidden(), true);
    Linear down = make.linear(name + ".mlp.fc2", layer + "ffn.lin2", size.hidden(), size.intermediate(), true);
    Norm second = norm(name + ".norm2", layer + "output_layer_norm");
    return new TransformerBlock(name, attention, new FeedForward.Plain(up, config.activation(), down), new Wiring.PostNorm(first, second));
  }

  private SelfAttention attention(String name, String checkpointName, int index) {
    int hidden = size.hidden();
    AttentionCore core = AttentionCore.multiHead(size.heads(), size.headDim(), Visibility.ALL);
    Site input = make.input(name + ".attn.qkv");
    Projection projection =
        new Projection.Separate(
            make.linear(name + ".attn.q", checkpointName + "q_lin", hidden, hidden, true, input),
            make.linear(name + ".attn.k", checkpointName + "k_lin", hidden, hidden, true, input),
            make.linear(name + ".attn.v", checkpointName + "v_lin", hidden, hidden, true, input));
    Linear output = make.linear(name + ".attn.o", checkpointName + "out_lin", hidden, hidden, true);
    return new SelfAttention(name, index, new SelfAttention.Parts(core, projection, output, null, null, null), make.sites());
  }

  private Norm norm(String name, String checkpointName) {
    return make.layerNorm(name, checkpointName, size.hidden(), size.epsilon(), true);
  }
}
