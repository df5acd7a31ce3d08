package nibble.nn.decoder;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Activation;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.WeightSource;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.transformer.KeyValueCache;
import nibble.nn.transformer.RopeScaling;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Granularity;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Prints prompt and decode speed of a Llama with random weights. Arguments: hidden layers heads
 * keyValueHeads intermediate vocabulary threads tokens, then forms: fp32, bf16, a scheme such as
 * {@code "W4A16 g32"}, or {@code "codes W4A8 g32"}: random codes of that scheme with word vectors
 * of 16 bits and no float weights beside them, for models that would need much memory to be
 * quantized. The best of four rounds counts; {@code -Drounds} says another number.
 */
final class DecodeSpeed {
  private static final int PROMPT = 64;
  private static final String CODES = "codes ";

  private DecodeSpeed() {}

  public static void main(String[] args) {
    int hidden = Integer.parseInt(args[0]);
    int layers = Integer.parseInt(args[1]);
    int heads = Integer.parseInt(args[2]);
    int keyValueHeads = Integer.parseInt(args[3]);
    int intermediate = Integer.parseInt(args[4]);
    int vocabulary = Integer.parseInt(args[5]);
    int threads = Integer.parseInt(args[6]);
    int tokens = Integer.parseInt(args[7]);
    DecoderSize size =
        new DecoderSize(
            "LlamaForCausalLM",
            vocabulary,
            hidden,
            layers,
            intermediate,
            heads,
            keyValueHeads,
            hidden / heads,
            2048,
            1e-5f,
            false,
            false);
    LlamaConfig config =
        new LlamaConfig(
            size,
            10000,
            new RopeScaling.None(),
            hidden / heads,
            Activation.SILU,
            false,
            false,
            false,
            false,
            false,
            Collections.nCopies(layers, 0),
            Collections.nCopies(layers, true));
    for (int i = 8; i < args.length; i++) {
      form(config, args[i], threads, tokens);
    }
  }

  private static void form(LlamaConfig config, String form, int threads, int tokens) {
    boolean codes = form.startsWith(CODES);
    Decoder model =
        Llama.of(
            config,
            codes ? new TablesOnly() : new Weights(form.equals("bf16") ? DType.BF16 : DType.F32));
    if (codes) {
      Scheme scheme = Scheme.parse(form.substring(CODES.length()));
      model.linears().forEach(linear -> linear.execute(randomCodes(linear, scheme)));
    }
    try (Ops ops = new Ops(WorkSplitter.ofThreads(threads))) {
      if (form.startsWith("W")) {
        MethodCatalogue catalogue = MethodCatalogue.standard();
        new RecipeRunner(
                catalogue,
                Presets.recipe(
                    catalogue, "rtn", Map.of("edge-bits", "same"), Scheme.parse(form), 1))
            .run(ops, model, List.of(), (result, done, total) -> {});
      }
      measure(model, ops, form, tokens, threads);
    }
  }

  private static void measure(Decoder model, Ops ops, String form, int tokens, int threads) {
    int[] prompt = new Random(1).ints(PROMPT, 0, model.vocabulary()).toArray();
    double bestPrompt = Double.MAX_VALUE;
    double bestToken = Double.MAX_VALUE;
    for (int round = 0; round < Integer.getInteger("rounds", 4); round++) {
      KeyValueCache cache = model.newCache();
      long start = System.nanoTime();
      model.next(ops, List.of(cache), List.of(prompt));
      long read = System.nanoTime();
      for (int i = 0; i < tokens; i++) {
        model.next(ops, List.of(cache), List.of(new int[] {prompt[i % PROMPT]}));
      }
      bestPrompt = Math.min(bestPrompt, (read - start) * 1e-9);
      bestToken = Math.min(bestToken, (System.nanoTime() - read) * 1e-9 / tokens);
    }
    long bytes = model.linears().stream().mapToLong(l -> l.matrix().bytes()).sum();
    System.out.printf(
        "%s, %d threads: %.1f M parameters, %.1f MB of linear weights, prompt %.1f tokens/s, decode"
            + " %.2f tokens/s, %.2f GB/s%n",
        form,
        threads,
        model.parameterCount() * 1e-6,
        bytes * 1e-6,
        PROMPT / bestPrompt,
        1 / bestToken,
        bytes / bestToken * 1e-9);
  }

  private static PackedIntWeight randomCodes(Linear linear, Scheme scheme) {
    WeightScheme weights = scheme.weights().orElseThrow();
    int bits = weights.format().bits();
    int group =
        weights.granularity() instanceof Granularity.PerGroup(int size) ? size : linear.in();
    byte[] codes = new byte[Math.multiplyExact(linear.out(), linear.in())];
    new Random(1).nextBytes(codes);
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] >> 8 - bits);
    }
    float[] scales = new float[linear.out() * (linear.in() / group)];
    Arrays.fill(scales, 0.02f / (1 << bits - 2));
    IntWeights packed =
        IntWeights.packSymmetric(codes, scales, linear.out(), linear.in(), bits, group);
    return new PackedIntWeight(
        packed, scheme.activations().map(a -> ActivationQuantizer.perToken(8, true)).orElse(null));
  }

  /**
   * Norms of ones, and matrices that are made when they are asked for: word vectors are, weights
   * that run as codes are not.
   */
  private record TablesOnly() implements WeightSource {
    @Override
    public boolean has(String name) {
      return !name.endsWith("bias");
    }

    @Override
    public Tensor get(String name, int... dims) {
      return dims.length == 1 ? ones(dims[0]) : Tensor.allocate(Arena.ofAuto(), DType.BF16, dims);
    }

    @Override
    public Parameter parameter(String name, int... dims) {
      Shape shape = Shape.of(dims);
      return new Parameter(name, shape, shape, () -> get(name, dims));
    }

    private static Tensor ones(int count) {
      float[] values = new float[count];
      Arrays.fill(values, 1);
      return Tensor.of(values, count);
    }
  }

  /** Random weights, quickly made. */
  record Weights(DType dtype) implements WeightSource {
    @Override
    public boolean has(String name) {
      return !name.endsWith("bias");
    }

    @Override
    public Tensor get(String name, int... dims) {
      float[] values = new float[Math.toIntExact(Shape.of(dims).size())];
      int state = name.hashCode() | 1;
      for (int i = 0; i < values.length; i++) {
        state = state * 1664525 + 1013904223;
        values[i] = dims.length == 1 ? 1 : (state >> 8) * 0x1p-23f * 0.03f;
      }
      Tensor tensor = Tensor.of(values, dims);
      return dtype == DType.F32 || dims.length == 1 ? tensor : tensor.to(dtype);
    }
  }
}
