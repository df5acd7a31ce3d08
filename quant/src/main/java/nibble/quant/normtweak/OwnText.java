package nibble.quant.normtweak;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import nibble.nn.TokenIds;
import nibble.nn.generation.Sampler;
import nibble.nn.generation.SamplingOptions;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.KeyValueCache;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Text that a model writes itself: a first token at random, some tokens drawn from its predictions,
 * the rest the most probable ones. Norm Tweaking (arXiv:2309.02784) takes the first token from the
 * most frequent languages; here it is one that the samples hold.
 */
final class OwnText {
  private static final int DRAWN = 5;

  private OwnText() {}

  /**
   * As many token sequences as there are samples, of their lengths.
   *
   * @param samples token ids I32 {@code [batch, tokens]}
   */
  static List<Tensor> of(Ops ops, CausalLanguageModel model, List<Tensor> samples, long seed) {
    int[] allowed =
        samples.stream()
            .flatMapToInt(sample -> Arrays.stream(TokenIds.of(sample).flat()))
            .sorted()
            .distinct()
            .toArray();
    SplittableRandom random = new SplittableRandom(seed);
    List<Tensor> texts = new ArrayList<>();
    for (Tensor sample : samples) {
      for (int i = 0; i < sample.dim(0); i++) {
        texts.add(
            TokenIds.tensor(
                write(
                    ops,
                    model,
                    allowed[random.nextInt(allowed.length)],
                    sample.dim(1),
                    random.nextLong())));
      }
    }
    return texts;
  }

  private static int[] write(Ops ops, CausalLanguageModel model, int first, int length, long seed) {
    Sampler drawn = new Sampler(new SamplingOptions(1, 0, 1, 0, 1, seed));
    Sampler greedy = new Sampler(SamplingOptions.GREEDY);
    int[] ids = new int[length];
    ids[0] = first;
    KeyValueCache cache = model.newCache();
    for (int i = 1; i < length; i++) {
      try (Scope scope = ops.scope()) {
        float[] logits =
            model.next(ops, List.of(cache), List.of(new int[] {ids[i - 1]})).toFloats();
        ids[i] = (i <= DRAWN ? drawn : greedy).next(logits, ids, i);
      }
    }
    return ids;
  }
}
