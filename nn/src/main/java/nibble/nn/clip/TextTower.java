package nibble.nn.clip;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.ResidualStructure;
import nibble.nn.Sites;
import nibble.nn.TokenIds;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.LearnedPositions;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The text side: causal and pooled at the end-of-text token (CLIP), or all-seeing and pooled at the
 * last token (SigLIP). As a {@link Model} it takes token ids and gives the vector that each token
 * would have if its text were pooled there, {@code [batch, tokens, projection]}; {@link #vectors}
 * pools.
 */
final class TextTower implements Model {
  private static final int LARGEST_ID = 2;

  private final ClipConfig config;
  private final Sites sites;
  private final Embedding words;
  private final LearnedPositions positions;
  private final List<TransformerBlock> blocks;
  private final Norm lastNorm;
  private final Linear projection;

  TextTower(ClipConfig config, Layers make) {
    this.config = config;
    sites = make.sites();
    int hidden = config.text().hidden();
    String embeddings = "text_model.embeddings.";
    words =
        new Embedding(
            "embed",
            make.weights()
                .parameter(embeddings + "token_embedding.weight", config.vocabulary(), hidden));
    Parameter table =
        make.weights()
            .parameter(embeddings + "position_embedding.weight", config.context(), hidden);
    positions = new LearnedPositions(new Embedding("text.positions", table), 0);
    Visibility visibility = config.siglip() ? Visibility.ALL : Visibility.CAUSAL;
    blocks = ClipLayers.blocks(make, "text.", "text_model.", config.text(), visibility);
    lastNorm =
        make.layerNorm(
            "text.norm", "text_model.final_layer_norm", hidden, config.text().epsilon(), true);
    String name = config.siglip() ? "text_model.head" : "text_projection";
    projection = make.linear("head.text", name, config.projection(), hidden, config.siglip());
  }

  @Override
  public String architecture() {
    return config.architecture();
  }

  @Override
  public Sites sites() {
    return sites;
  }

  @Override
  public List<TransformerBlock> blocks() {
    return blocks;
  }

  /** Empty: a rotation of one side would have to be undone where the vectors of both meet. */
  @Override
  public Optional<ResidualStructure> residualStructure() {
    return Optional.empty();
  }

  @Override
  public List<Embedding> tables() {
    return List.of(words);
  }

  @Override
  public Tensor embed(Ops ops, Tensor ids) {
    TokenIds tokens = TokenIds.of(ids);
    return embed(
        ops, tokens.flat(), Sequences.equal(tokens.batch(), tokens.tokens()), tokens.batch());
  }

  private Tensor embed(Ops ops, int[] ids, Sequences sequences, int batch) {
    sequences.requireWithin(config.context());
    return ops.reshape(
        positions.addTo(ops, words.forward(ops, ids), sequences),
        batch,
        ids.length / batch,
        config.text().hidden());
  }

  @Override
  public Tensor head(Ops ops, Tensor x) {
    return projection.forward(ops, lastNorm.forward(ops, x));
  }

  /** One vector for each text, {@code [texts, projection]}. */
  Tensor vectors(Ops ops, List<int[]> texts) {
    Sequences sequences = Sequences.of(texts.stream().mapToInt(t -> t.length).toArray());
    Tensor x = embed(ops, texts.stream().flatMapToInt(Arrays::stream).toArray(), sequences, 1);
    for (TransformerBlock block : blocks) {
      x = block.forward(ops, x, sequences);
    }
    int[] rows = new int[texts.size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = sequences.start(i) + pooled(texts.get(i));
    }
    Tensor tokens = ops.rowsOf(ops.reshape(x, sequences.rows(), x.dim(2)), rows);
    return head(ops, tokens);
  }

  /** The token that stands for the whole text. */
  private int pooled(int[] text) {
    if (config.siglip()) {
      return text.length - 1;
    }
    int found = 0;
    for (int i = 0; i < text.length; i++) {
      if (config.endOfText() != LARGEST_ID && text[i] == config.endOfText()) {
        return i;
      }
      found = text[i] > text[found] ? i : found;
    }
    if (config.endOfText() != LARGEST_ID) {
      throw new IllegalArgumentException(
          "a text does not hold the end-of-text token "
              + config.endOfText()
              + "; encode it with special tokens");
    }
    return found;
  }

  @Override
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    blocks.forEach(block -> all.addAll(block.linears()));
    all.add(projection);
    return all;
  }

  @Override
  public List<Parameter> parameters() {
    ParameterList all = new ParameterList().add(words).add(positions.table()).addLinears(linears());
    blocks.forEach(block -> all.addNorms(block.norms()));
    return all.add(lastNorm).toList();
  }
}
