package nibble.nn.decoder;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import nibble.nn.Activation;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.CacheShape;
import nibble.nn.cache.ChannelLevels;
import nibble.nn.cache.KeyRotation;
import nibble.nn.cache.Levels;
import nibble.nn.cache.TokenGroups;
import nibble.nn.cache.TokenLevels;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.transformer.RopeScaling;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Prints memory of the key-value cache and decode speed of a Llama with random weights (2 blocks,
 * width 512, 8 heads over 4 of 64 channels). Arguments: tokens to decode, context length, then
 * names of caches: float, kv8, kv4, kv2, kv4-turned, kvquant2, rotatekv2. One thread, its CPU time,
 * cases in turn, median of the rounds. Contexts are filled by a model of the same weights whose
 * queries see themselves only, which is quick and changes no size.
 */
final class CacheSpeed {
  private static final int LAYERS = 2;
  private static final int HEADS = 8;
  private static final CacheShape SHAPE = new CacheShape(4, 64);
  private static final int PART = 512;
  private static final int ROUNDS = 6;

  private CacheSpeed() {}

  public static void main(String[] args) {
    int tokens = Integer.parseInt(args[0]);
    int context = Integer.parseInt(args[1]);
    List<Case> cases = new ArrayList<>();
    try (Ops ops = Ops.serial()) {
      for (int i = 2; i < args.length; i++) {
        cases.add(filled(ops, args[i], context - tokens));
      }
      for (int round = 0; round < ROUNDS; round++) {
        for (Case each : cases) {
          each.decode(ops, tokens, round == 0);
        }
      }
    }
    double reference = cases.getFirst().median();
    for (Case each : cases) {
      System.out.printf(
          "%s, %d tokens: %.2f MB of keys and values, %.3f bits a channel, %.2f ms a token, %.1f"
              + " tokens/s, %.2f of the speed of %s%n",
          each.name,
          context,
          each.cache.bytes(context) * 1e-6,
          8.0 * each.cache.bytes(context) / context / (2.0 * LAYERS * SHAPE.width()),
          each.median() * 1e3,
          1 / each.median(),
          reference / each.median(),
          cases.getFirst().name);
    }
  }

  /** A model with a filled cache, and the seconds of CPU time that a token took in each round. */
  private record Case(String name, Decoder model, KeyValueCache cache, List<Double> seconds) {
    void decode(Ops ops, int tokens, boolean warmUp) {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      int length = cache.length();
      long start = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < tokens; i++) {
        Tensor unused = model.next(ops, List.of(cache), List.of(new int[] {i % 512}));
      }
      if (!warmUp) {
        seconds.add((threads.getCurrentThreadCpuTime() - start) * 1e-9 / tokens);
      }
      cache.rewind(length);
    }

    double median() {
      return seconds.stream().sorted().toList().get(seconds.size() / 2);
    }
  }

  private static Optional<CacheFormat> format(String name) {
    return switch (name) {
      case "float" -> Optional.empty();
      case "kv8" -> Optional.of(CacheFormat.ofBits(8, 64));
      case "kv4" -> Optional.of(CacheFormat.ofBits(4, 64));
      case "kv2" -> Optional.of(CacheFormat.ofBits(2, 64));
      case "kv4-turned" -> Optional.of(CacheFormat.ofBits(4, 64).withTurned(true));
      case "kvquant2" -> Optional.of(kvQuant(2));
      case "rotatekv2" -> Optional.of(rotateKv(2));
      default -> throw new IllegalArgumentException("no cache is called '" + name + "'");
    };
  }

  private static CacheFormat kvQuant(int bits) {
    float[] ones = new float[SHAPE.width()];
    Arrays.fill(ones, 3);
    Tensor zeros = Tensor.zeros(SHAPE.width());
    ChannelLevels keys =
        new ChannelLevels(zeros, Tensor.of(ones, ones.length), Levels.uniform(bits), 64, 3);
    return new CacheFormat(
        keys, new TokenLevels(Levels.uniform(bits), 64, 1), 1, 0, true, Optional.empty(), false);
  }

  private static CacheFormat rotateKv(int bits) {
    KeyRotation rotation = KeyRotation.inOrder(SHAPE, 4);
    return new CacheFormat(
        new TokenGroups(bits, 64, 0.8f),
        new TokenGroups(bits, 64, 0.8f),
        4,
        0,
        true,
        Optional.of(rotation),
        true);
  }

  private static Decoder model(int window, Optional<CacheFormat> format) {
    DecoderSize size =
        new DecoderSize(
            "LlamaForCausalLM",
            512,
            HEADS * 64,
            LAYERS,
            2 * HEADS * 64,
            HEADS,
            SHAPE.heads(),
            SHAPE.headDim(),
            1 << 17,
            1e-5f,
            false,
            false);
    LlamaConfig config =
        new LlamaConfig(
            size,
            10000,
            new RopeScaling.None(),
            SHAPE.headDim(),
            Activation.SILU,
            false,
            false,
            false,
            false,
            false,
            Collections.nCopies(LAYERS, window),
            Collections.nCopies(LAYERS, true));
    Decoder model = Llama.of(config, new DecodeSpeed.Weights(DType.F32));
    format.ifPresent(f -> model.blocks().forEach(block -> block.attention().setCacheFormat(f)));
    return model;
  }

  private static Case filled(Ops ops, String name, int tokens) {
    Decoder blind = model(1, format(name));
    KeyValueCache cache = blind.newCache();
    Random random = new Random(1);
    for (int from = 0; from < tokens; from += PART) {
      blind.prefill(ops, cache, random.ints(Math.min(PART, tokens - from), 0, 512).toArray());
    }
    return new Case(name, model(0, format(name)), cache, new ArrayList<>());
  }
}
