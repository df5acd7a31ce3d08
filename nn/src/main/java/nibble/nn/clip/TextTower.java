package nibble.nn.clip;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.transformer.Continuation;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.TransformerBlock;
import nibble.nn.transformer.Visibility;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The text side: causal and pooled at the end-of-text token (CLIP), or all-seeing and pooled at the last token (SigLIP). */
final class TextTower {
  private static final int LARGEST_ID = 2;

  private final ClipConfig config;
  private final Embedding words;
  private final Embedding positions;
  private final List<TransformerBlock> blocks;
  private final Norm lastNorm;
  private final Linear projection;

  TextTower(ClipConfig config, Layers make) {
    this.config = config;
    int hidden = config.text().hidden();
    String embeddings = "text_model.embeddings.";
    words = new Embedding("text.embed", make.weights().parameter(embeddings + "token_embedding.weight", config.vocabulary(), hidden));
    positions = new Embedding("text.positions", make.weights().parameter(embeddings + "position_embedding.weight", config.context(), hidden));
    Visibility visibility = config.siglip() ? Visibility.ALL : Visibility.CAUSAL;
    blocks = ClipLayers.blocks(make, "text.", "text_model.", config.text(), visibility);
    lastNorm = make.layerNorm("text.norm", "text_model.final_layer_norm", hidden, config.text().epsilon(), true);
    String name = config.siglip() ? "text_model.head" : "text_projection";
    projection = make.linear("text.head", name, config.projection(), hidden, config.siglip());
  }

  Tensor vectors(Ops ops, List<int[]> texts) {
    Sequences sequences = Sequences.of(texts.stream().mapToInt(t -> t.length).toArray());
    for (int i = 0; i < texts.size(); i++) {
      Continuation.checkLength(i, texts.get(i).length, config.context());
    }
    Tensor ids = words.forward(ops, texts.stream().flatMapToInt(Arrays::stream).toArray());
    Tensor x = ops.reshape(ops.add(ids, positions.forward(ops, sequences.rowPositions())), 1, sequences.rows(), -1);
    for (TransformerBlock block : blocks) {
      x = block.forward(ops, x, sequences);
    }
    int[] rows = new int[texts.size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = sequences.start(i) + pooled(texts.get(i));
    }
    Tensor tokens = ops.rowsOf(ops.reshape(x, sequences.rows(), x.dim(2)), rows);
    return projection.forward(ops, lastNorm.forward(ops, tokens));
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
      throw new IllegalArgumentException("a text does not hold the end-of-text token " + config.endOfText() + "; encode it with special tokens");
    }
    return found;
  }

  void addParameters(List<Parameter> all) {
    all.add(words.weight());
    all.add(positions.weight());
    List<Linear> linears = new ArrayList<>();
    blocks.forEach(block -> block.stages().forEach(linears::addAll));
    linears.add(projection);
    linears.forEach(linear -> ClipModel.add(all, linear));
    blocks.forEach(block -> block.norms().forEach(norm -> ClipModel.add(all, norm)));
    ClipModel.add(all, lastNorm);
  }
}
