package nibble.nn.encoder;

import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.LearnedPositions;

/**
 * DistilBERT: BERT without segments and pooler, under other names.
 *
 * <p>Sanh et al., <a href="https://arxiv.org/abs/1910.01108">arXiv:1910.01108</a>; parameter names
 * as in Hugging Face transformers, with or without {@code distilbert.} in front.
 */
public final class DistilBert {
  private DistilBert() {}

  /** The model with the parameters of {@code weights}. */
  public static Encoder of(DistilBertConfig config, WeightSource weights) {
    EncoderSize size = config.size();
    String prefix = weights.has("embeddings.word_embeddings.weight") ? "" : "distilbert.";
    Layers make = new Layers(weights, new Sites(), size.folded());
    PostNormLayers layers = new PostNormLayers(make, size, config.activation(), names(prefix));
    Embedding words = layers.table("embed", "word_embeddings", size.vocabulary());
    LearnedPositions positions =
        new LearnedPositions(layers.table("positions", "position_embeddings", size.context()), 0);
    return new Encoder(
        config,
        new EncoderParts(
            make.sites(),
            words,
            positions,
            null,
            layers.embeddingNorm(),
            layers.blocks(),
            null,
            List.of()));
  }

  private static PostNormLayers.Names names(String prefix) {
    return new PostNormLayers.Names(
        prefix + "embeddings.",
        prefix + "transformer.layer.",
        "attention.q_lin",
        "attention.k_lin",
        "attention.v_lin",
        "attention.out_lin",
        "sa_layer_norm",
        "ffn.lin1",
        "ffn.lin2",
        "output_layer_norm");
  }
}
