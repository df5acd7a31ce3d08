package nibble.quant.fisher;

import nibble.nn.Block;
import nibble.nn.TokenIds;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The loss of a language model on a text: the cross-entropy of its next tokens. */
public final class NextTokenLoss {
  private NextTokenLoss() {}

  /**
   * Runs a float model forward and back; gradients arrive where they are asked for: at probes in
   * sites, in weights that require one.
   *
   * @param ids I32 {@code [batch, tokens]}, at least 2 tokens
   * @return the mean over the tokens that are predicted, in nats
   */
  public static double backward(Ops ops, CausalLanguageModel model, Tensor ids) {
    TokenIds tokens = TokenIds.of(ids);
    int length = tokens.tokens();
    if (length < 2) {
      throw new IllegalArgumentException(
          "a text of %d tokens predicts none; pass windows of at least 2".formatted(length));
    }
    Tensor words;
    try (var inference = ops.noGrad()) {
      words = model.embed(ops, ids);
    }
    Tensor x = Tensor.of(words.toFloats(), words.shape().dims()).requireGrad();
    for (Block block : model.blocks()) {
      x = model.through(ops, block, x);
    }
    Tensor logits = model.head(ops, ops.slice(x, 1, 0, length - 1));
    int[] flat = tokens.flat();
    int[] next = new int[tokens.batch() * (length - 1)];
    for (int b = 0; b < tokens.batch(); b++) {
      System.arraycopy(flat, b * length + 1, next, b * (length - 1), length - 1);
    }
    Tensor loss = ops.crossEntropy(ops.reshape(logits, next.length, logits.dim(2)), next);
    ops.backward(loss);
    return loss.toFloats()[0];
  }
}
