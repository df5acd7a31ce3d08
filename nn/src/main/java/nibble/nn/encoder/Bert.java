package nibble.nn.encoder;

import java.util.List;
import nibble.nn.Embedding;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.WeightSource;
import nibble.nn.transformer.Layers;
import nibble.nn.transformer.LearnedPositions;

/**
 * BERT and everything with its structure: MiniLM, BGE, E5, and RoBERTa, whose positions start after
 * the padding id. The pooler of a checkpoint is kept but not computed: sentence vectors are pooled
 * from the hidden states.
 *
 * <p>Devlin et al., <a href="https://arxiv.org/abs/1810.04805">arXiv:1810.04805</a>; Liu et al.
 * (RoBERTa), <a href="https://arxiv.org/abs/1907.11692">arXiv:1907.11692</a>; parameter names as in
 * Hugging Face transformers, with or without {@code bert.} or {@code roberta.} in front.
 */
public final class Bert {
  private Bert() {}

  /** The model with the parameters of {@code weights}. */
  public static Encoder of(BertConfig config, WeightSource weights) {
    EncoderSize size = config.size();
    String prefix = weights.has("embeddings.word_embeddings.weight") ? "" : config.prefix();
    Layers make = new Layers(weights, new Sites(), size.folded());
    PostNormLayers layers = new PostNormLayers(make, size, config.activation(), names(prefix));
    Embedding words = layers.table("embed", "word_embeddings", size.vocabulary());
    Embedding positions =
        layers.table("positions", "position_embeddings", size.context() + config.positionOffset());
    Embedding types = layers.table("token_types", "token_type_embeddings", config.tokenTypes());
    EncoderParts parts =
        new EncoderParts(
            make.sites(),
            words,
            new LearnedPositions(positions, config.positionOffset()),
            types,
            layers.embeddingNorm(),
            layers.blocks(),
            null,
            pooler(weights, prefix + "pooler.dense", size.hidden()));
    return new Encoder(config, parts);
  }

  private static PostNormLayers.Names names(String prefix) {
    return new PostNormLayers.Names(
        prefix + "embeddings.",
        prefix + "encoder.layer.",
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm");
  }

  private static List<Parameter> pooler(WeightSource weights, String name, int hidden) {
    if (!weights.has(name + ".weight")) {
      return List.of();
    }
    return List.of(
        weights.parameter(name + ".weight", hidden, hidden),
        weights.parameter(name + ".bias", hidden));
  }
}
