package nibble.nn.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.nn.transformer.KeyValueCache;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class TokenGeneratorTest {
  private static final SamplingOptions WILD = new SamplingOptions(1.2, 0, 0.95, 0, 1.1, 0);

  /** However a sequence is cut into calls, the cache gives the logits of the whole. */
  @Property(tries = 60)
  void cachedLogitsEqualThoseOfTheWhole(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 3) int keyValueHeads,
      @ForAll @IntRange(min = 1, max = 3) int group,
      @ForAll @IntRange(min = 1, max = 9) int headDim,
      @ForAll @IntRange(max = 6) int window,
      @ForAll @IntRange(min = 1, max = 12) int cut) {
    int dim = Math.max(2, headDim);
    var shape =
        new RandomTextModels.Shape(
            keyValueHeads * group, keyValueHeads, dim, 2, 20, true, true, false, true, window);
    Decoder model = RandomTextModels.llama(shape, seed);
    int[] ids = RandomTextModels.ids(13, seed + 1);
    try (Ops ops = Ops.serial()) {
      float[] whole;
      try (var inference = ops.noGrad()) {
        whole = model.forward(ops, TokenIds.tensor(ids)).toFloats();
      }
      KeyValueCache cache = model.newCache();
      model.next(ops, List.of(cache), List.of(Arrays.copyOf(ids, cut)));
      KeyValueCache fork = cache.fork();
      int[] other = RandomTextModels.ids(5, seed + 2);
      model.next(
          ops, List.of(fork), List.of(other)); // must not disturb the first, nor be disturbed by it
      Tensor logits = model.next(ops, List.of(cache), List.of(Arrays.copyOfRange(ids, cut, 13)));
      float[] last =
          Arrays.copyOfRange(whole, whole.length - RandomTextModels.VOCABULARY, whole.length);
      assertTrue(RandomModels.relativeDifference(logits.toFloats(), last) < 1e-5);
      assertArrayEquals(ids, cache.tokens());
      float[] branch = model.next(ops, List.of(fork), List.of(new int[] {3})).toFloats();
      int[] branched = Arrays.copyOf(ids, cut + 6);
      System.arraycopy(other, 0, branched, cut, 5);
      branched[cut + 5] = 3;
      float[] fresh = model.next(ops, List.of(model.newCache()), List.of(branched)).toFloats();
      assertTrue(RandomModels.relativeDifference(branch, fresh) < 1e-5);
      fork.rewind(cut);
      float[] again =
          model.next(ops, List.of(fork), List.of(Arrays.copyOfRange(ids, cut, 13))).toFloats();
      assertArrayEquals(logits.toFloats(), again);
    }
  }

  /**
   * Sequences of different lengths, with seeds of their own, give in company and on two threads
   * what they give alone.
   */
  @Property(tries = 15)
  void companyAndThreadsChangeNothing(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int count) {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, seed);
    List<TokenRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SamplingOptions options = new SamplingOptions(1.2, 0, 0.95, 0, 1.1, seed + i);
      requests.add(
          new TokenRequest(
              RandomTextModels.ids(1 + 3 * i, seed + i),
              5 + 4 * i,
              options,
              Set.of(0),
              id -> true));
    }
    List<int[]> alone = new ArrayList<>();
    try (Ops ops = Ops.serial()) {
      for (TokenRequest request : requests) {
        alone.add(generated(model, ops, List.of(request)).getFirst());
      }
    }
    try (Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      List<int[]> together = generated(model, ops, requests);
      for (int i = 0; i < count; i++) {
        assertArrayEquals(alone.get(i), together.get(i));
      }
    }
  }

  private static List<int[]> generated(Decoder model, Ops ops, List<TokenRequest> requests) {
    TokenGenerator generator = new TokenGenerator(model, ops);
    List<TokenSequence> sequences = requests.stream().map(generator::add).toList();
    generator.run();
    assertEquals(0, generator.active());
    return sequences.stream().map(TokenSequence::generated).toList();
  }

  /** Prompts longer than what is read at once. */
  @Test
  void longPromptsAreReadInParts() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 8);
    int[] prompt = RandomTextModels.ids(290, 9);
    try (Ops ops = Ops.serial()) {
      TokenGenerator generator = new TokenGenerator(model, ops);
      TokenSequence sequence =
          generator.add(request(prompt, 1, SamplingOptions.GREEDY, id -> true));
      generator.run();
      float[] logits;
      try (var inference = ops.noGrad()) {
        logits = model.forward(ops, TokenIds.tensor(prompt)).toFloats();
      }
      float[] last =
          Arrays.copyOfRange(logits, logits.length - RandomTextModels.VOCABULARY, logits.length);
      assertEquals(
          new Sampler(SamplingOptions.GREEDY).next(last, prompt, 290), sequence.generated()[0]);
    }
  }

  @Test
  void aPrefixThatIsCachedIsNotComputedAgain() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 4);
    int[] prompt = RandomTextModels.ids(20, 5);
    try (Ops ops = Ops.serial()) {
      TokenGenerator generator = new TokenGenerator(model, ops);
      TokenSequence first = generator.add(request(prompt, 6, WILD, id -> true));
      generator.run();
      KeyValueCache kept = first.cache();
      assertEquals(25, kept.length()); // the last token was not read
      int[] longer = Arrays.copyOf(prompt, 24);
      System.arraycopy(first.generated(), 0, longer, 20, 4);
      TokenSequence second = generator.add(request(longer, 6, WILD, id -> true), kept.fork());
      assertEquals(1, second.pendingCount());
      generator.run();
      TokenSequence fresh = generator.add(request(longer, 6, WILD, id -> true));
      generator.run();
      assertArrayEquals(fresh.generated(), second.generated());
    }
  }

  @Test
  void endsForTheRightReason() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 6);
    int[] prompt = RandomTextModels.ids(3, 7);
    try (Ops ops = Ops.serial()) {
      int[] free =
          generated(model, ops, List.of(request(prompt, 8, SamplingOptions.GREEDY, id -> true)))
              .getFirst();
      assertEquals(8, free.length);
      TokenSequence stopped =
          run(
              model,
              ops,
              new TokenRequest(prompt, 8, SamplingOptions.GREEDY, Set.of(free[0]), id -> true));
      assertEquals(StopReason.STOP_TOKEN, stopped.reason());
      assertEquals(0, stopped.generated().length);
      List<Integer> seen = new ArrayList<>();
      TokenSequence cancelled =
          run(
              model,
              ops,
              request(prompt, 8, SamplingOptions.GREEDY, id -> seen.add(id) && seen.size() < 3));
      assertEquals(StopReason.CANCELLED, cancelled.reason());
      assertArrayEquals(Arrays.copyOf(free, 3), cancelled.generated());
      assertEquals(
          StopReason.MAX_TOKENS,
          run(model, ops, request(prompt, 8, SamplingOptions.GREEDY, id -> true)).reason());
      TokenSequence full =
          run(
              model,
              ops,
              request(RandomTextModels.ids(296, 7), 100, SamplingOptions.GREEDY, id -> true));
      assertEquals(StopReason.CONTEXT, full.reason());
      assertEquals(4, full.generated().length);
    }
  }

  private static TokenSequence run(Decoder model, Ops ops, TokenRequest request) {
    TokenGenerator generator = new TokenGenerator(model, ops);
    TokenSequence sequence = generator.add(request);
    generator.run();
    return sequence;
  }

  private static TokenRequest request(
      int[] prompt, int tokens, SamplingOptions options, IntPredicate onToken) {
    return new TokenRequest(prompt, tokens, options, Set.of(), onToken);
  }

  @Test
  void wrongRequestsAreRefused() {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 6);
    try (Ops ops = Ops.serial()) {
      TokenGenerator generator = new TokenGenerator(model, ops);
      assertThrows(IllegalArgumentException.class, () -> request(new int[0], 1, WILD, id -> true));
      assertThrows(IllegalArgumentException.class, () -> request(new int[1], 0, WILD, id -> true));
      assertMessage(
          "the prompt has 300 tokens, the model takes 300",
          () -> generator.add(request(new int[300], 1, WILD, id -> true)));
      assertMessage(
          "token 19 of the prompt is none of the model's 19",
          () -> generator.add(request(new int[] {19}, 1, WILD, id -> true)));
      KeyValueCache cache = model.newCache();
      assertMessage(
          "sequence 0 has 301 tokens, the model takes 300",
          () -> model.next(ops, List.of(cache), List.of(new int[301])));
      assertMessage(
          "each its own",
          () -> model.next(ops, List.of(cache, cache), List.of(new int[1], new int[1])));
      assertMessage(
          "sequence 0 has no token", () -> model.next(ops, List.of(cache), List.of(new int[0])));
    }
  }

  private static void assertMessage(String part, Runnable action) {
    String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
