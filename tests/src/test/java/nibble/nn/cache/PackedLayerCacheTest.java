package nibble.nn.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class PackedLayerCacheTest {
  private static final int HEADS = 8;
  private static final int KV = 4;
  private static final int D = 8;
  private static final CacheShape SHAPE = new CacheShape(KV, D);
  private static final int TOKENS = 37;

  private static Tensor gaussian(long seed, int width) {
    return gaussian(seed, TOKENS, width);
  }

  private static Tensor gaussian(long seed, int tokens, int width) {
    return Tensor.of(
        RandomModels.gaussian(new Random(seed), tokens * width, 0, 1), 1, tokens, width);
  }

  private static Levels levels(int bits) {
    return Levels.uniform(bits);
  }

  private static CacheFormat format(int kind, int bits, int sinks, int window) {
    TokenGroups groups = new TokenGroups(bits, D, 1);
    Tensor zeros = Tensor.zeros(SHAPE.width());
    float[] ranges = new float[SHAPE.width()];
    Arrays.fill(ranges, 1.5f);
    RowCodec channels =
        new ChannelLevels(zeros, Tensor.of(ranges, ranges.length), levels(bits), D, 5);
    return switch (kind) {
      case 0 -> new CacheFormat(groups, groups, sinks, window, false, Optional.empty(), false);
      case 1 -> new CacheFormat(groups, groups, sinks, window, false, Optional.empty(), true);
      case 2 ->
          new CacheFormat(
              channels,
              new TokenLevels(levels(bits), D, 2),
              sinks,
              window,
              true,
              Optional.empty(),
              false);
      default ->
          new CacheFormat(
              new TokenGroups(bits, 2 * D, 1),
              groups,
              sinks,
              window,
              true,
              Optional.of(KeyRotation.inOrder(SHAPE, 2)),
              true);
    };
  }

  private static RopeTable rope() {
    return RopeTable.of(RopeTable.Pairs.HALVES, new double[] {1, 0.3, 0.1, 0.03}, 128, 1);
  }

  private static final AttentionRule RULE = AttentionRule.scaled(D).causalFrom(0);

  private static float[] run(
      Ops ops, CacheFormat format, Tensor q, Tensor k, Tensor v, int... cuts) {
    PackedLayerCache cache = new PackedLayerCache(format, SHAPE, TOKENS);
    float[] out = new float[TOKENS * HEADS * D];
    int from = 0;
    for (int cut : cuts) {
      Tensor part =
          cache.attend(
              ops,
              q.slice(1, from, cut),
              k.slice(1, from, cut),
              v.slice(1, from, cut),
              HEADS,
              RULE.from(from),
              rope());
      System.arraycopy(part.toFloats(), 0, out, from * HEADS * D, (cut - from) * HEADS * D);
      cache = cut % 2 == 0 ? cache.copy(TOKENS, cut) : cache; // as forking and growing does
      from = cut;
    }
    return out;
  }

  /** However tokens come, each query reads the same. */
  @Property(tries = 80)
  void cutsDoNotMatter(
      @ForAll @IntRange(max = 3) int kind,
      @ForAll @IntRange(max = 3) int width,
      @ForAll @IntRange(max = 3) int sinks,
      @ForAll @IntRange(max = 9) int window,
      @ForAll @IntRange(min = 1, max = 20) int first,
      @ForAll @IntRange(min = 21, max = 36) int second,
      @ForAll long seed) {
    CacheFormat format = format(kind, new int[] {2, 3, 4, 8}[width], sinks, window);
    Tensor q = gaussian(seed, HEADS * D);
    Tensor k = gaussian(seed + 1, SHAPE.width());
    Tensor v = gaussian(seed + 2, SHAPE.width());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] whole = run(ops, format, q, k, v, TOKENS);
      float[] parts = run(ops, format, q, k, v, first, second, second + 1, TOKENS);
      assertTrue(
          RandomModels.relativeDifference(parts, whole) < 1e-5,
          "differs by " + RandomModels.relativeDifference(parts, whole));
    }
  }

  /**
   * Whatever is done to keys and values is undone: the float result, but for the codes, whose error
   * falls with their bits.
   */
  @Test
  void moreBitsComeCloserToFloat() {
    Tensor q = gaussian(1, HEADS * D);
    Tensor k = gaussian(2, SHAPE.width());
    Tensor v = gaussian(3, SHAPE.width());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      int[] positions = new int[TOKENS];
      Arrays.setAll(positions, i -> i);
      Tensor turned = ops.rotate(k, D, rope(), positions);
      for (int kind = 0; kind < 4; kind++) {
        Tensor keys = kind < 2 ? k : turned;
        float[] exact = ops.attention(q, keys, v, HEADS, KV, RULE, null, null).toFloats();
        assertTrue(
            RandomModels.relativeDifference(
                    run(ops, format(kind, 2, TOKENS, 0), q, k, v, TOKENS), exact)
                < 1e-5,
            "all tokens are sinks");
        assertTrue(
            RandomModels.relativeDifference(
                    run(ops, format(kind, 2, 0, TOKENS), q, k, v, TOKENS), exact)
                < 1e-5,
            "all tokens are in the window");
        double before = Double.MAX_VALUE;
        for (int bits : new int[] {2, 3, 4, 8}) {
          double difference = distance(run(ops, format(kind, bits, 0, 0), q, k, v, TOKENS), exact);
          assertTrue(
              difference < 0.7 * before,
              "kind "
                  + kind
                  + " at "
                  + bits
                  + " bits differs by "
                  + difference
                  + ", before "
                  + before);
          before = difference;
        }
        assertTrue(before < 0.02, "kind " + kind + " at 8 bits differs by " + before);
      }
    }
  }

  /**
   * The same for a size of heads whose Hadamard matrix is not its own transpose, and for more
   * tokens than a tile has.
   */
  @Test
  void turnedHeadsAndTilesBehindTheFirstComeCloseToFloat() {
    int tokens = 150;
    int d = 12;
    CacheShape shape = new CacheShape(2, d);
    Tensor q = gaussian(1, tokens, 4 * d);
    Tensor k = gaussian(2, tokens, shape.width());
    Tensor v = gaussian(3, tokens, shape.width());
    RopeTable rope = RopeTable.of(RopeTable.Pairs.HALVES, new double[] {1, 0.3, 0.1}, 256, 1);
    AttentionRule rule = AttentionRule.scaled(d).causalFrom(0);
    TokenGroups codec = new TokenGroups(8, d, 1);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      int[] positions = new int[tokens];
      Arrays.setAll(positions, i -> i);
      for (boolean before : new boolean[] {false, true}) {
        CacheFormat format = new CacheFormat(codec, codec, 0, 0, before, Optional.empty(), true);
        PackedLayerCache cache = new PackedLayerCache(format, shape, tokens);
        Tensor keys = before ? ops.rotate(k, d, rope, positions) : k;
        float[] exact = ops.attention(q, keys, v, 4, 2, rule, null, null).toFloats();
        float[] found = cache.attend(ops, q, k, v, 4, rule, rope).toFloats();
        double difference = distance(found, exact);
        assertTrue(difference < 0.02, "before positions: " + before + ", differs by " + difference);
      }
    }
  }

  /**
   * Back to a prefix within an earlier block: the float rows of the window belong to later tokens
   * then, so the prefix is read from its codes, and nothing of what came after it.
   */
  @Test
  void aPrefixOfAnEarlierBlockIsReadFromCodes() {
    int window = 8;
    int prefix = 12;
    Tensor q = gaussian(1, HEADS * D);
    Tensor k = gaussian(2, SHAPE.width());
    Tensor v = gaussian(3, SHAPE.width());
    Tensor otherKeys = gaussian(4, SHAPE.width());
    Tensor otherValues = gaussian(5, SHAPE.width());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      PackedLayerCache cache = new PackedLayerCache(format(0, 8, 0, window), SHAPE, TOKENS);
      Tensor first = part(k, 0, prefix);
      Tensor firstValues = part(v, 0, prefix);
      cache.attend(ops, part(q, 0, prefix), first, firstValues, HEADS, RULE, rope());
      cache.attend(
          ops,
          part(q, prefix, 30),
          part(otherKeys, prefix, 30),
          part(otherValues, prefix, 30),
          HEADS,
          RULE.from(prefix),
          rope());
      float[] found =
          cache
              .copy(TOKENS, prefix)
              .attend(
                  ops,
                  part(q, prefix, prefix + 3),
                  part(k, prefix, prefix + 3),
                  part(v, prefix, prefix + 3),
                  HEADS,
                  RULE.from(prefix),
                  rope())
              .toFloats();
      float[] all = ops.attention(q, k, v, HEADS, KV, RULE, null, null).toFloats();
      int width = HEADS * D;
      double difference =
          distance(found, Arrays.copyOfRange(all, prefix * width, (prefix + 3) * width));
      assertTrue(difference < 0.02, "differs by " + difference);
    }
  }

  private static Tensor part(Tensor x, int from, int to) {
    return x.slice(1, from, to);
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    double norm = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
      norm += b[i] * (double) b[i];
    }
    return Math.sqrt(sum / norm);
  }

  /** Each channel within half a step of its group, and the F16 rounding of the step's ends. */
  @Property(tries = 200)
  void channelsAreWithinHalfAStep(
      @ForAll @IntRange(max = 3) int width,
      @ForAll @IntRange(min = 1, max = 40) int group,
      @ForAll long seed) {
    int bits = new int[] {2, 3, 4, 8}[width];
    float[] x = RandomModels.gaussian(new Random(seed), 3 * group, 0.5f, 2);
    CodeRows rows = new CodeRows(new TokenGroups(bits, group, 1), 3 * group, 2);
    rows.write(1, x, 0);
    float[] back = new float[3 * group];
    rows.read(1, 0, 3 * group, back, 0);
    for (int i = 0; i < x.length; i++) {
      int from = i / group * group;
      float[] own = Arrays.copyOfRange(x, from, from + group);
      Arrays.sort(own);
      double largest = Math.max(Math.abs(own[0]), Math.abs(own[group - 1]));
      double step = (own[group - 1] - own[0]) / ((1 << bits) - 1);
      assertEquals(x[i], back[i], 0.5 * step + 3 * largest * 0x1p-11 + 1e-6, "channel " + i);
    }
  }

  @Test
  void outliersAreExactAndEverythingIsOneIfAllowed() {
    float[] x = RandomModels.gaussian(new Random(4), SHAPE.width(), 0, 1);
    float[] back = new float[x.length];
    float[] tiny = new float[x.length];
    Arrays.fill(tiny, 1e-9f);
    CodeRows all =
        new CodeRows(
            new ChannelLevels(
                Tensor.zeros(x.length), Tensor.of(tiny, x.length), levels(2), D, x.length),
            x.length,
            1);
    all.write(0, x, 0);
    all.read(0, 0, x.length, back, 0);
    assertEquals(Arrays.toString(x), Arrays.toString(back));
    CodeRows tokens = new CodeRows(new TokenLevels(levels(2), D, x.length / 2), x.length, 1);
    tokens.write(0, x, 0);
    tokens.read(0, 0, x.length, back, 0);
    assertEquals(Arrays.toString(x), Arrays.toString(back));
    CodeRows some = new CodeRows(new TokenLevels(levels(2), D, 3), x.length, 1);
    some.write(0, x, 0);
    some.read(0, D, 2 * D, back, 0); // a part of a row finds its outliers
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    for (int i = D; i < 3 * D; i++) {
      if (x[i] < sorted[3] || x[i] > sorted[x.length - 4]) {
        assertEquals(x[i], back[i - D]);
      }
    }
  }

  /** The farthest ones, if there are more than the cap. */
  @Test
  void theFarthestOutliersAreKept() {
    float[] x = {0.5f, 9, -3, 0.1f, 5, 0.2f, -8, 2};
    float[] ones = new float[8];
    Arrays.fill(ones, 1);
    CodeRows rows =
        new CodeRows(new ChannelLevels(Tensor.zeros(8), Tensor.of(ones, 8), levels(2), 8, 3), 8, 1);
    rows.write(0, x, 0);
    float[] back = new float[8];
    rows.read(0, 0, 8, back, 0);
    assertArrayEquals(new float[] {1 / 3f, 9, -1, 1 / 3f, 5, 1 / 3f, -8, 1}, back, 1e-6f);
  }

  @Property(tries = 50)
  void rotationIsUndone(
      @ForAll @IntRange(min = 1, max = 4) int heads,
      @ForAll @IntRange(min = 1, max = 3) int groups,
      @ForAll long seed) {
    int size = heads * D;
    int width = groups * size;
    Random random = new Random(seed);
    int[] order = new int[width];
    for (int g = 0; g < groups; g++) {
      Integer[] own = new Integer[size];
      Arrays.setAll(own, i -> i);
      Collections.shuffle(Arrays.asList(own), random);
      for (int i = 0; i < size; i++) {
        order[g * size + i] = g * size + own[i];
      }
    }
    KeyRotation rotation = new KeyRotation(heads, D, order);
    float[] x = RandomModels.gaussian(random, width, 0, 1);
    float[] stored = new float[width];
    rotation.apply(x.clone(), 0, stored, 0, new Scratch());
    for (int g = 0; g < groups; g++) {
      float[] part = Arrays.copyOfRange(stored, g * size, (g + 1) * size);
      rotation.undo(1, g * heads, D, part, 0, new Scratch());
      for (int i = 0; i < size; i++) {
        assertEquals(x[g * size + i], part[i], 1e-5);
      }
    }
  }

  /** Turning keys after positions without turning queries, or undoing it, is another function. */
  @Test
  void turningKeysAloneChangesScores() {
    Tensor q = gaussian(1, HEADS * D);
    Tensor k = gaussian(2, SHAPE.width());
    Tensor v = gaussian(3, SHAPE.width());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] turned = k.toFloats();
      HadamardTransform.of(D).forward(TOKENS * KV, turned, 0, new Scratch());
      float[] wrong =
          ops.attention(
                  q, Tensor.of(turned, 1, TOKENS, SHAPE.width()), v, HEADS, KV, RULE, null, null)
              .toFloats();
      float[] right = ops.attention(q, k, v, HEADS, KV, RULE, null, null).toFloats();
      assertTrue(RandomModels.relativeDifference(wrong, right) > 0.1);
      assertTrue(
          RandomModels.relativeDifference(run(ops, format(1, 8, 0, 0), q, k, v, TOKENS), right)
              < 0.05);
    }
  }

  /** Two codes of four bits a byte, scale and least value in F16. */
  @Test
  void bytesAreThoseOfTheCodes() {
    CacheShape shape = new CacheShape(8, 128);
    PackedLayerCache cache = new PackedLayerCache(CacheFormat.ofBits(4, 128), shape, 0);
    assertEquals(2 * 1000 * (1024 / 2 + 8 * 4), cache.bytes(1000));
    assertEquals(4.25, CacheFormat.ofBits(4, 128).bitsPerChannel(shape));
    assertEquals(2.25, CacheFormat.ofBits(2, 128).bitsPerChannel(shape));
    assertEquals(cache.bytes(256), cache.copy(256, 0).bytes());
  }

  @Property(tries = 8)
  void recordsGiveTheSameCodec(@ForAll @IntRange(max = 3) int kind) {
    CacheFormat format = format(kind, 4, 0, 0);
    for (RowCodec codec : new RowCodec[] {format.keys(), format.values()}) {
      FunctionRecord record = codec.stored();
      assertEquals(record.numbers(), RowCodec.of(record).stored().numbers());
      assertEquals(codec.format(), RowCodec.of(record).format());
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThrows(IllegalArgumentException.class, () -> new TokenGroups(5, 8, 1));
    assertThrows(IllegalArgumentException.class, () -> CacheFormat.ofBits(4, 3).check(SHAPE));
    assertThrows(IllegalArgumentException.class, () -> new KeyRotation(2, 8, new int[] {0, 0}));
    assertThrows(
        IllegalArgumentException.class,
        () -> RowCodec.of(new FunctionRecord("nothing", Map.of(), Map.of())));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ChannelLevels(Tensor.zeros(8), Tensor.zeros(8), levels(2), 8, 1));
    TokenGroups codec = new TokenGroups(4, 8, 1);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new CacheFormat(
                codec, codec, 0, 0, false, Optional.of(KeyRotation.inOrder(SHAPE, 2)), false));
  }

  /** Not a number stays one, so that a broken model is seen. */
  @Test
  void notANumberIsNotHidden() {
    for (RowCodec codec :
        new RowCodec[] {
          new TokenGroups(4, 8, 1),
          new TokenLevels(levels(4), 8, 1),
          new TokenLevels(levels(4), 8, 4)
        }) {
      CodeRows rows = new CodeRows(codec, 8, 1);
      rows.write(0, new float[] {1, 2, Float.NaN, 3, 4, 5, 6, 7}, 0);
      float[] back = new float[8];
      rows.read(0, 0, 8, back, 0);
      assertTrue(Float.isNaN(back[2]), codec.format() + " gives " + back[2]);
    }
  }
}
