package nibble.cli.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import nibble.cli.evaluation.Evaluation;
import nibble.cli.terminal.CommandFailure;
import nibble.nn.ImageClassifier;
import nibble.nn.Model;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.transformer.TextEncoder;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Something that a model is timed with, on random input.
 *
 * @param name for people, such as {@code batch 8}
 * @param unit what is counted, such as {@code images}
 * @param count how many of it one call computes
 * @param prepared makes the call for the operators that it shall use
 */
record Workload(String name, String unit, int count, Function<Ops, Runnable> prepared) {
  private static final int PROMPT = 64;
  private static final int DECODED = 32;
  private static final int SENTENCE = 16;

  /** The workloads of {@code model}, the lightest first. */
  static List<Workload> of(Model model) {
    return switch (model) {
      case ImageClassifier m -> List.of(images(m, 1), images(m, 8));
      case TextEncoder m -> List.of(texts(m, 1), texts(m, 32));
      case CausalLanguageModel m -> List.of(prompt(m), decoding(m));
      default ->
          throw CommandFailure.failed(
              "models of architecture " + model.architecture() + " are not timed");
    };
  }

  private static Workload images(ImageClassifier model, int batch) {
    int side = model.imageSize();
    Tensor pixels =
        Tensor.of(
            new Operands().normal(batch * model.channels() * side * side),
            batch,
            model.channels(),
            side,
            side);
    return new Workload(
        "batch " + batch,
        "images",
        batch,
        ops -> {
          Evaluation evaluation = new Evaluation(ops, batch);
          return () -> evaluation.logits(model, pixels);
        });
  }

  private static Workload texts(TextEncoder model, int batch) {
    int tokens = Math.min(SENTENCE, model.contextLength());
    List<int[]> texts =
        IntStream.range(0, batch).mapToObj(i -> ids(tokens, model.vocabulary())).toList();
    return new Workload(
        "batch %d of %d tokens".formatted(batch, tokens),
        "texts",
        batch,
        ops ->
            () -> {
              try (Ops.Mode inference = ops.noGrad();
                  Scope scope = ops.scope()) {
                model.encode(ops, texts);
              }
            });
  }

  private static Workload prompt(CausalLanguageModel model) {
    int[] prompt = prompt(model.contextLength(), model.vocabulary());
    return new Workload(
        "prompt of %d tokens".formatted(prompt.length),
        "tokens",
        prompt.length,
        ops -> () -> model.next(ops, List.of(model.newCache()), List.of(prompt)));
  }

  /** Single tokens behind a prompt; after some of them the sequence goes back to its prompt. */
  private static Workload decoding(CausalLanguageModel model) {
    int[] prompt = prompt(model.contextLength(), model.vocabulary());
    int longest = Math.min(prompt.length + DECODED, model.contextLength());
    return new Workload(
        "tokens one by one",
        "tokens",
        1,
        ops -> {
          KeyValueCache cache = model.newCache();
          List<KeyValueCache> caches = List.of(cache);
          List<int[]> token = new ArrayList<>(List.of(Arrays.copyOf(prompt, 1)));
          model.prefill(ops, cache, prompt);
          return () -> {
            if (cache.length() == longest) {
              cache.rewind(prompt.length);
            }
            model.next(ops, caches, token);
          };
        });
  }

  private static int[] prompt(int context, int vocabulary) {
    return ids(Math.clamp(context / 2, 1, PROMPT), vocabulary);
  }

  private static int[] ids(int count, int vocabulary) {
    return new Random(1).ints(count, 0, vocabulary).toArray();
  }
}
