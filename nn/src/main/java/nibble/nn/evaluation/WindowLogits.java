package nibble.nn.evaluation;

import java.util.List;
import java.util.function.DoubleConsumer;
import nibble.nn.Block;
import nibble.nn.TokenIds;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Runs one or two models over the windows of a text. The head is computed for a few rows at a time:
 * a vocabulary is large.
 */
final class WindowLogits {
  private static final int ROWS = 32;

  private WindowLogits() {}

  /** Is given what each model says of the next token, and which token it is. */
  interface Consumer {
    void accept(LogProbabilities[] byModel, int target);
  }

  static void forEachScored(
      Ops ops,
      int[] text,
      TokenWindows windows,
      DoubleConsumer progress,
      Consumer consumer,
      CausalLanguageModel... models) {
    List<TokenWindows.Window> all = windows.of(text);
    for (int i = 0; i < all.size(); i++) {
      try (var inference = ops.noGrad();
          Scope scope = ops.scope()) {
        window(ops, all.get(i), consumer, models);
      }
      progress.accept((i + 1.0) / all.size());
    }
  }

  private static void window(
      Ops ops, TokenWindows.Window window, Consumer consumer, CausalLanguageModel... models) {
    Tensor ids = TokenIds.tensor(window.ids());
    Tensor[] streams = new Tensor[models.length];
    for (int m = 0; m < models.length; m++) {
      streams[m] = stream(ops, models[m], ids);
    }
    int last = window.ids().length - 1;
    for (int from = window.scoredFrom() - 1; from < last; from += ROWS) {
      int to = Math.min(last, from + ROWS);
      try (Scope scope = ops.scope()) {
        Tensor[] logits = new Tensor[models.length];
        for (int m = 0; m < models.length; m++) {
          logits[m] = models[m].head(ops, ops.slice(streams[m], 1, from, to));
        }
        for (int row = from; row < to; row++) {
          consumer.accept(rows(logits, row - from), window.ids()[row + 1]);
        }
      }
    }
  }

  private static LogProbabilities[] rows(Tensor[] logits, int row) {
    LogProbabilities[] result = new LogProbabilities[logits.length];
    for (int m = 0; m < logits.length; m++) {
      int vocabulary = logits[m].dim(2);
      result[m] =
          new LogProbabilities(
              logits[m].array(), logits[m].offset() + row * vocabulary, vocabulary);
    }
    return result;
  }

  private static Tensor stream(Ops ops, CausalLanguageModel model, Tensor ids) {
    try (Scope whole = ops.scope()) {
      Tensor x = model.embed(ops, ids);
      for (Block block : model.blocks()) {
        try (Scope scope = ops.scope()) {
          x = scope.keep(block.forward(ops, x));
        }
      }
      return whole.keep(x);
    }
  }
}
