package nibble.cli.bench;

import java.util.List;
import java.util.stream.IntStream;
import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.AttentionShape;
import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.Rope;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.hadamard.Fwht;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.lowbit.IntGemm;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.LutGemv;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.LayerNorm;
import nibble.kernels.rowwise.LevelQuantize;
import nibble.kernels.rowwise.LevelTable;
import nibble.kernels.rowwise.Quantize;
import nibble.kernels.rowwise.RmsNorm;
import nibble.kernels.rowwise.Softmax;
import org.jspecify.annotations.Nullable;

/**
 * The kernels that {@code bench} measures, on the shapes of a ViT-B block (197 tokens, width 768),
 * of a 4096-wide matrix-vector product, and of a language model with eight heads of keys.
 */
final class KernelCases {
  private static final int TOKENS = 197;
  private static final int WIDTH = 768;
  private static final int WIDE = 3072;
  private static final int VECTOR = 4096;
  private static final int GROUP = 128;
  private static final int HADAMARD = 1024;
  private static final int HEADS = 12;
  private static final int HEAD_DIM = 64;
  private static final int HEADS_OF_KEYS = 8;
  private static final int PROMPT = 512;
  private static final int CACHE = 1024;

  private KernelCases() {}

  static List<KernelCase> all() {
    return List.of(
        gemm("gemm", TOKENS, WIDE, WIDTH),
        gemm("gemv", 1, VECTOR, VECTOR),
        integer("gemv-w4a16", 1, VECTOR, VECTOR, 4, GROUP, null),
        integer("gemv-w4a8", 1, VECTOR, VECTOR, 4, GROUP, ActivationQuantizer.perToken(8, true)),
        lut("lut-3bit", 3),
        integer("gemm-w4a16", TOKENS, WIDE, WIDTH, 4, WIDTH, null),
        integer("gemm-w8a8", TOKENS, WIDE, WIDTH, 8, WIDTH, ActivationQuantizer.perToken(8, true)),
        integer("gemm-w4a4", TOKENS, WIDE, WIDTH, 4, WIDTH, ActivationQuantizer.perToken(4, true)),
        fwht(),
        attention("attention", TOKENS, TOKENS, HEADS, HEADS),
        attention("attention-prompt", PROMPT, PROMPT, 4 * HEADS_OF_KEYS, HEADS_OF_KEYS),
        attention("attention-token", 1, CACHE, 4 * HEADS_OF_KEYS, HEADS_OF_KEYS),
        rope(),
        rows(
            "softmax",
            HEADS * TOKENS,
            TOKENS,
            8,
            (rows, columns, x, out) -> Softmax.best().forward(rows, columns, x, 0, out, 0)),
        rows(
            "layer-norm",
            TOKENS,
            WIDTH,
            8,
            (rows, columns, x, out) ->
                LayerNorm.best()
                    .forward(rows, columns, x, 0, null, null, 1e-6f, out, 0, null, null, 0)),
        rows(
            "rms-norm",
            TOKENS,
            WIDTH,
            8,
            (rows, columns, x, out) ->
                RmsNorm.best().forward(rows, columns, x, 0, null, 1e-6f, out, 0, null, 0)),
        function("gelu", Activation.GELU),
        function("gelu-tanh", Activation.GELU_TANH),
        function("silu", Activation.SILU),
        quantize(),
        levels());
  }

  private static KernelCase gemm(String name, int rows, int out, int in) {
    return new KernelCase(
        name,
        product(rows, out, in),
        true,
        2.0 * rows * out * in,
        4.0 * ((double) out * in + (double) rows * (in + out)),
        splitter -> {
          Operands operands = new Operands();
          PackedMatrix weights = operands.packed(out, in);
          float[] x = operands.normal(rows * in);
          float[] y = new float[rows * out];
          return () ->
              Gemm.best().multiply(rows, x, 0, in, weights, Epilogue.NONE, y, 0, out, splitter);
        });
  }

  private static KernelCase integer(
      String name,
      int rows,
      int out,
      int in,
      int bits,
      int groupSize,
      @Nullable ActivationQuantizer quantizer) {
    double bytes = bits / 8.0 * out * in + 4.0 * out * in / groupSize + 4.0 * rows * (in + out);
    return new KernelCase(
        name,
        product(rows, out, in),
        true,
        2.0 * rows * out * in,
        bytes,
        splitter -> {
          Operands operands = new Operands();
          IntWeights weights = operands.integers(out, in, bits, groupSize);
          float[] x = operands.normal(rows * in);
          float[] y = new float[rows * out];
          IntGemm gemm = IntGemm.best();
          return quantizer == null
              ? () -> gemm.multiply(rows, x, 0, in, weights, Epilogue.NONE, y, 0, out, splitter)
              : () ->
                  gemm.multiply(
                      rows, x, 0, in, quantizer, weights, Epilogue.NONE, y, 0, out, splitter);
        });
  }

  /** Operations are those of the product that is replaced by table look-ups. */
  private static KernelCase lut(String name, int bits) {
    double elements = (double) VECTOR * VECTOR;
    return new KernelCase(
        name,
        product(1, VECTOR, VECTOR),
        true,
        2 * elements,
        bits / 8.0 * elements + 4 * (bits + 1) * elements / GROUP + 8.0 * VECTOR,
        splitter -> {
          Operands operands = new Operands();
          BinaryWeights weights =
              BinaryWeights.fromUniform(operands.integers(VECTOR, VECTOR, bits, GROUP));
          float[] x = operands.normal(VECTOR);
          float[] y = new float[VECTOR];
          return () ->
              LutGemv.best().multiply(1, x, 0, VECTOR, weights, null, y, 0, VECTOR, splitter);
        });
  }

  private static KernelCase fwht() {
    int steps = Integer.numberOfTrailingZeros(HADAMARD);
    double elements = (double) TOKENS * HADAMARD;
    float scale = (float) (1 / Math.sqrt(HADAMARD)); // keeps repeated transforms finite
    return new KernelCase(
        "fwht",
        TOKENS + " x " + HADAMARD,
        false,
        elements * steps,
        8 * elements,
        _ -> {
          float[] x = new Operands().normal(TOKENS * HADAMARD);
          return () -> Fwht.best().transform(TOKENS, HADAMARD, x, 0, scale);
        });
  }

  /**
   * As many heads of keys as of queries: all see all. Fewer: a text, whose tokens see those before
   * them; operations count what is seen.
   */
  private static KernelCase attention(String name, int queries, int keys, int heads, int kvHeads) {
    AttentionShape shape = new AttentionShape(1, queries, keys, heads, kvHeads, HEAD_DIM);
    boolean causal = heads != kvHeads;
    AttentionRule rule =
        causal
            ? AttentionRule.scaled(HEAD_DIM).causalFrom(keys - queries)
            : AttentionRule.scaled(HEAD_DIM);
    double seen = causal ? queries * (keys - (queries - 1) / 2.0) : (double) queries * keys;
    double bytes = 4.0 * HEAD_DIM * (2.0 * queries * heads + 2.0 * keys * kvHeads);
    String operands =
        "%d queries, %d keys, %d/%d x %d".formatted(queries, keys, heads, kvHeads, HEAD_DIM);
    return new KernelCase(
        name,
        operands,
        true,
        4 * seen * heads * HEAD_DIM,
        bytes,
        splitter -> {
          Operands random = new Operands();
          HeadView q =
              HeadView.of(random.normal(queries * heads * HEAD_DIM), 0, queries, heads, HEAD_DIM);
          HeadView k =
              HeadView.of(random.normal(keys * kvHeads * HEAD_DIM), 0, keys, kvHeads, HEAD_DIM);
          HeadView v =
              HeadView.of(random.normal(keys * kvHeads * HEAD_DIM), 0, keys, kvHeads, HEAD_DIM);
          HeadView out =
              HeadView.of(new float[queries * heads * HEAD_DIM], 0, queries, heads, HEAD_DIM);
          return () -> Attention.best().forward(shape, rule, q, k, v, null, null, out, splitter);
        });
  }

  private static KernelCase rope() {
    int heads = 4 * HEADS_OF_KEYS;
    double elements = (double) PROMPT * heads * HEAD_DIM;
    return new KernelCase(
        "rope",
        "%d tokens, %d x %d".formatted(PROMPT, heads, HEAD_DIM),
        false,
        0,
        8 * elements,
        _ -> {
          HeadView x =
              HeadView.of(new Operands().normal((int) elements), 0, PROMPT, heads, HEAD_DIM);
          RopeTable table =
              RopeTable.of(
                  RopeTable.Pairs.HALVES, RopeTable.frequencies(HEAD_DIM, 10_000), PROMPT, 1);
          int[] positions = IntStream.range(0, PROMPT).toArray();
          return () ->
              Rope.best().rotate(0, PROMPT, heads, HEAD_DIM, x, table, positions, 0, false);
        });
  }

  private static KernelCase function(String name, Activation f) {
    return rows(
        name,
        TOKENS,
        WIDE,
        8,
        (rows, columns, x, out) -> Activations.best().forward(f, rows * columns, x, 0, out, 0));
  }

  private static KernelCase quantize() {
    return new KernelCase(
        "quantize-int8",
        TOKENS + " x " + WIDTH,
        false,
        0,
        5.0 * TOKENS * WIDTH,
        _ -> {
          float[] x = new Operands().normal(TOKENS * WIDTH);
          float[] scales = new float[TOKENS];
          byte[] codes = new byte[TOKENS * WIDTH];
          CodeRange range = CodeRange.signed(8);
          Quantize quantize = Quantize.best();
          return () -> {
            quantize.symmetricScales(TOKENS, WIDTH, WIDTH, x, 0, range, 1, scales, 0);
            quantize.toBytes(TOKENS, WIDTH, WIDTH, x, 0, scales, 0, null, 0, range, codes, 0);
          };
        });
  }

  /** Attention probabilities to 16 logarithmic levels. */
  private static KernelCase levels() {
    float[] levels = new float[16];
    float[] thresholds = new float[levels.length - 1];
    for (int i = 1; i < levels.length; i++) {
      levels[i] = (float) Math.pow(2, 0.5 * (i - thresholds.length));
      thresholds[i - 1] = (float) Math.pow(2, 0.5 * (i - thresholds.length - 0.5));
    }
    LevelTable table = new LevelTable(levels, thresholds);
    return rows(
        "quantize-levels",
        HEADS * TOKENS,
        TOKENS,
        8,
        (rows, columns, x, out) ->
            LevelQuantize.best().fakeQuantize(rows * columns, 1, x, 0, table, out, 0));
  }

  /** A function of the rows of a matrix. */
  @FunctionalInterface
  private interface RowFunction {
    void apply(int rows, int columns, float[] x, float[] out);
  }

  private static KernelCase rows(
      String name, int rows, int columns, int bytesPerElement, RowFunction function) {
    return new KernelCase(
        name,
        rows + " x " + columns,
        false,
        0,
        (double) bytesPerElement * rows * columns,
        _ -> {
          float[] x = new Operands().normal(rows * columns);
          float[] out = new float[rows * columns];
          return () -> function.apply(rows, columns, x, out);
        });
  }

  private static String product(int rows, int out, int in) {
    return "[%d, %d] x [%d, %d]".formatted(rows, in, in, out);
  }
}
