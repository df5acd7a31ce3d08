package nibble.nn.decoder;

import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.transformer.Layers;

/** The last layer of a language model. */
final class Heads {
  private Heads() {}

  /** To logits, with a weight of its own or with that of the embedding; site {@code head.input}. */
  static Linear head(
      Layers make, DecoderSize size, Embedding embedding, String checkpointName, boolean bias) {
    Parameter weight =
        size.tied()
            ? Parameter.tied(checkpointName + ".weight", embedding.weight())
            : make.weights()
                .parameter(checkpointName + ".weight", size.vocabulary(), embedding.width());
    return new Linear(
        "head",
        weight,
        make.bias(checkpointName, size.vocabulary(), bias),
        make.input("head"),
        make.sites());
  }
}
