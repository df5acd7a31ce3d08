package nibble.nn.clip;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ParameterList;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.LearnedPositions;
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
  private final LearnedPositions positions;
  private final List<TransformerBlock> blocks;
  private final Norm lastNorm;
  private final Linear projection;

  TextTower(ClipConfig config, Layers make) {
    this.config = config;
    int hidden = config.text().hidden();
    String embeddings = "text_model.embeddings.";
    words = new Embedding("text.embed", make.weights().parameter(embeddings + "token_embedding.weight", config.vocabulary(), hidden));
    Parameter table = make.weights().parameter(embeddings + "position_embedding.weight", config.context(), hidden);
    positions = new LearnedPositions(new Embedding("text.positions", table), 0);
    Visibility visibility = config.siglip() ? Visibility.ALL : Visibility.CAUSAL;
    blocks = ClipLayers.blocks(make, "text.", "text_model.", config.text(), visibility);
    lastNorm = make.layerNorm("text.norm", "text_model.final_layer_norm", hidden, config.text().epsilon(), true);
    String name = config.siglip() ? "text_model.head" : "text_projection";
    projection = make.linear("text.head", name, config.projection(), hidden, config.siglip());
  }

  Tensor vectors(Ops ops, List<int[]> texts) {
    Sequences sequences = Sequences.of(texts.stream().mapToInt(t -> t.length).toArray());
    sequences.requireWithin(config.context());
    Tensor ids = words.forward(ops, texts.stream().flatMapToInt(Arrays::stream).toArray());
    Tensor x = ops.reshape(positions.addTo(ops, ids, sequences), 1, sequences.rows(), -1);
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

  /** The linear layers in the order of the forward pass. */
  List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    blocks.forEach(block -> all.addAll(block.linears()));
    all.add(projection);
    return all;
  }

  void addParameters(ParameterList all) {
    all.add(words).add(positions.table()).addLinears(linears());
    blocks.forEach(block -> all.addNorms(block.norms()));
    all.add(lastNorm);
  }
}
