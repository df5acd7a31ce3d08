package nibble.kernels;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.AttentionShape;
import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.Rope;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.attention.SmoothedAttention;
import nibble.kernels.attention.SmoothedScores;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.hadamard.Fwht;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.lowbit.GroupCodes;
import nibble.kernels.lowbit.IntGemm;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.LutGemv;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.AdamW;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Elementwise;
import nibble.kernels.rowwise.LayerNorm;
import nibble.kernels.rowwise.LevelQuantize;
import nibble.kernels.rowwise.LevelTable;
import nibble.kernels.rowwise.Quantize;
import nibble.kernels.rowwise.Reductions;
import nibble.kernels.rowwise.RmsNorm;
import nibble.kernels.rowwise.Softmax;

/** A small call of every kernel; each returns its results, the same at every call. */
final class KernelCalls {
  private static final int COLUMNS = 77;
  private static final int IN = 64;
  private static final int OUT = 24;
  private static final int TOKENS = 19;
  private static final int HEAD_DIM = 40;
  private static final WorkSplitter SERIAL = WorkSplitter.serial();

  private final Random random = new Random(5);
  private final float[] x = normal(2 * COLUMNS);
  private final float[] y = normal(2 * COLUMNS);
  private final float[] row = normal(COLUMNS);
  private final float[] statistics = {0.7f, 1.2f};
  private final Map<String, Supplier<float[]>> calls = new LinkedHashMap<>();

  private KernelCalls() {
    rows();
    reductions();
    hadamard();
    products();
    attention();
    codes();
  }

  static Map<String, Supplier<float[]>> all() {
    return new KernelCalls().calls;
  }

  private interface Call {
    void into(float[] out);
  }

  private void add(String name, int results, Call call) {
    calls.put(
        name,
        () -> {
          float[] out = new float[results];
          call.into(out);
          return out;
        });
  }

  private void rows() {
    int both = 2 * COLUMNS;
    Softmax softmax = Softmax.best();
    add("softmax", both, out -> softmax.forward(2, COLUMNS, x, 0, out, 0));
    add("softmax backward", both, out -> softmax.backward(2, COLUMNS, x, 0, y, 0, out, 0));
    add("log softmax", both, out -> softmax.logForward(2, COLUMNS, x, 0, out, 0));
    add("log softmax backward", both, out -> softmax.logBackward(2, COLUMNS, x, 0, y, 0, out, 0));
    LayerNorm layer = LayerNorm.best();
    add(
        "layer norm",
        both + 4,
        out -> layer.forward(2, COLUMNS, x, 0, row, row, 1e-5f, out, 0, out, out, both));
    add(
        "layer norm backward",
        3 * both,
        out ->
            layer.backward(
                2,
                COLUMNS,
                x,
                0,
                y,
                0,
                row,
                statistics,
                statistics,
                0,
                out,
                0,
                out,
                both,
                out,
                2 * both));
    RmsNorm rms = RmsNorm.best();
    add("RMS norm", both + 2, out -> rms.forward(2, COLUMNS, x, 0, row, 1e-5f, out, 0, out, both));
    add(
        "RMS norm backward",
        2 * both,
        out -> rms.backward(2, COLUMNS, x, 0, y, 0, row, statistics, 0, out, 0, out, both));
    Activations activations = Activations.best();
    for (Activation f : Activation.values()) {
      add(f.name(), both, out -> activations.forward(f, both, x, 0, out, 0));
      add(f + " backward", both, out -> activations.backward(f, both, x, 0, y, 0, out, 0));
    }
    Elementwise elementwise = Elementwise.best();
    add("division", both, out -> elementwise.div(both, x, 0, y, 0, out, 0));
    add("axpy", both, out -> elementwise.axpy(both, 0.3f, x, 0, out, 0));
    AdamW.Step step = new AdamW.Step(0.01, 0.9, 0.99, 1e-8, 0.1, 3);
    add(
        "AdamW",
        3 * both,
        out -> AdamW.best().update(step, both, out, 0, x, 0, out, both, out, 2 * both));
    Quantize quantize = Quantize.best();
    CodeRange range = CodeRange.signed(4);
    add(
        "scales",
        4,
        out -> quantize.asymmetricScales(2, COLUMNS, COLUMNS, x, 0, range, 0.9f, out, 0, out, 2));
    add(
        "fake quantize",
        both,
        out ->
            quantize.fakeQuantize(
                2, COLUMNS, COLUMNS, x, 0, statistics, 0, null, 0, range, out, 0));
    LevelTable table = new LevelTable(new float[] {-1, 0, 1, 2}, new float[] {-0.5f, 0.5f, 1.5f});
    add("levels", both, out -> LevelQuantize.best().fakeQuantize(both, 0.5f, x, 0, table, out, 0));
  }

  private void reductions() {
    Reductions reductions = Reductions.best();
    add("sum", 1, out -> out[0] = reductions.sum(COLUMNS, x, 1));
    add("dot", 1, out -> out[0] = reductions.dot(COLUMNS, x, 1, y, 2));
    add("sum of squares", 1, out -> out[0] = reductions.sumOfSquares(COLUMNS, x, 1));
    add("squared distance", 1, out -> out[0] = reductions.squaredDistance(COLUMNS, x, 1, y, 2));
    add("largest", 1, out -> out[0] = reductions.maxAbs(COLUMNS, x, 1));
    add("column sums", COLUMNS, out -> reductions.addColumnSums(2, COLUMNS, x, 0, out, 0));
  }

  private void hadamard() {
    float[] input = normal(768);
    Fwht fwht = Fwht.best();
    for (int n : new int[] {4, 32, 128, 512}) {
      add(
          "FWHT " + n,
          n,
          out -> {
            System.arraycopy(input, 0, out, 0, n);
            fwht.transform(1, n, out, 0, 0.3f);
          });
    }
    HadamardTransform transform = HadamardTransform.of(768);
    Scratch scratch = new Scratch();
    add(
        "Hadamard 768",
        768,
        out -> {
          System.arraycopy(input, 0, out, 0, 768);
          transform.forward(1, out, 0, scratch);
        });
  }

  private void products() {
    float[] in = normal(3 * IN);
    float[] matrix = normal(OUT * IN);
    Gemm gemm = Gemm.best();
    Scratch scratch = new Scratch();
    add(
        "GEMM",
        3 * OUT,
        out ->
            gemm.gemm(
                3, OUT, IN, 0.7f, in, 0, IN, 1, matrix, 0, 1, IN, false, out, 0, OUT, scratch));
    add(
        "GEMM of transposed operands",
        35 * OUT,
        out ->
            gemm.gemm(
                35, OUT, 9, 0.7f, x, 0, 1, 13, matrix, 0, 1, IN, false, out, 0, OUT, scratch));
    PackedMatrix packed = gemm.pack(MemorySegment.ofArray(matrix), 0, Gemm.WeightType.F32, OUT, IN);
    byte[] codes = new byte[OUT * IN];
    random.nextBytes(codes);
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] >> 4);
    }
    float[] scales = new float[OUT * 2];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 0.1f + random.nextFloat();
    }
    IntWeights weights = IntWeights.packSymmetric(codes, scales, OUT, IN, 4, 32);
    BinaryWeights planes = BinaryWeights.fromUniform(weights);
    IntGemm intGemm = IntGemm.best();
    LutGemv lutGemv = LutGemv.best();
    ActivationQuantizer quantizer = ActivationQuantizer.perToken(8, true);
    Epilogue epilogue = Epilogue.ofBias(in).then(Activation.SILU).plus(y, 1, OUT);
    add(
        "weights with epilogue",
        3 * OUT,
        out -> gemm.multiply(3, in, 0, IN, packed, epilogue, out, 0, OUT, SERIAL));
    for (int r : new int[] {1, 3}) {
      add(
          "weights, rows " + r,
          r * OUT,
          out -> gemm.multiply(r, in, 0, IN, packed, Epilogue.NONE, out, 0, OUT, SERIAL));
      add(
          "4-bit weights, rows " + r,
          r * OUT,
          out -> intGemm.multiply(r, in, 0, IN, weights, Epilogue.NONE, out, 0, OUT, SERIAL));
      add(
          "W4A8, rows " + r,
          r * OUT,
          out ->
              intGemm.multiply(
                  r, in, 0, IN, quantizer, weights, Epilogue.NONE, out, 0, OUT, SERIAL));
      add(
          "binary weights, rows " + r,
          r * OUT,
          out -> lutGemv.multiply(r, in, 0, IN, planes, null, out, 0, OUT, SERIAL));
    }
  }

  private void codes() {
    byte[] packed = new byte[COLUMNS];
    random.nextBytes(packed);
    for (int bits : new int[] {2, 3, 4, 8}) {
      add(
          "codes of " + bits + " bits to floats",
          64,
          out -> GroupCodes.best().unpack(bits, 64, packed, 3, 0.37f, -1.1f, out, 0));
    }
  }

  private void attention() {
    AttentionRule rule = AttentionRule.scaled(HEAD_DIM).causalFrom(TOKENS).withSoftCap(3);
    HeadView keys = HeadView.of(normal(2 * TOKENS * HEAD_DIM), 0, 2 * TOKENS, 1, HEAD_DIM);
    HeadView queries = HeadView.of(normal(2 * TOKENS * HEAD_DIM), 0, TOKENS, 2, HEAD_DIM);
    for (int n : new int[] {1, TOKENS}) {
      AttentionShape shape = new AttentionShape(1, n, 2 * TOKENS, 2, 1, HEAD_DIM);
      add(
          "attention, queries " + n,
          n * 2 * HEAD_DIM,
          out ->
              Attention.best()
                  .forward(
                      shape,
                      rule,
                      queries,
                      keys,
                      keys,
                      null,
                      null,
                      HeadView.of(out, 0, n, 2, HEAD_DIM),
                      SERIAL));
    }
    LevelTable levels = new LevelTable(new float[] {0, 0.1f, 1}, new float[] {0.02f, 0.5f});
    add(
        "attention with quantized probabilities",
        TOKENS * 2 * HEAD_DIM,
        out ->
            Attention.best()
                .forward(
                    new AttentionShape(1, TOKENS, 2 * TOKENS, 2, 1, HEAD_DIM),
                    AttentionRule.scaled(HEAD_DIM),
                    (head, count, factor, e, at) ->
                        LevelQuantize.best().fakeQuantize(count, factor, e, at, levels, e, at),
                    queries,
                    keys,
                    keys,
                    HeadView.of(out, 0, TOKENS, 2, HEAD_DIM),
                    SERIAL));
    for (int bits : new int[] {4, 8}) {
      add(
          "attention of codes, bits " + bits,
          TOKENS * 2 * HEAD_DIM,
          out ->
              SmoothedAttention.best()
                  .forward(
                      new AttentionShape(1, TOKENS, 2 * TOKENS, 2, 1, HEAD_DIM),
                      rule,
                      new SmoothedScores(bits, true, true),
                      queries,
                      keys,
                      keys,
                      HeadView.of(out, 0, TOKENS, 2, HEAD_DIM),
                      SERIAL));
    }
    for (RopeTable.Pairs pairs : RopeTable.Pairs.values()) {
      RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(HEAD_DIM, 10_000), 8, 1);
      add(
          "rotary positions, " + pairs,
          2 * HEAD_DIM,
          out -> {
            System.arraycopy(queries.array(), 0, out, 0, out.length);
            Rope.best()
                .rotate(
                    0,
                    1,
                    2,
                    HEAD_DIM,
                    HeadView.of(out, 0, 1, 2, HEAD_DIM),
                    table,
                    new int[] {7},
                    0,
                    false);
          });
    }
  }

  private float[] normal(int count) {
    float[] result = new float[count];
    for (int i = 0; i < count; i++) {
      result[i] = (float) random.nextGaussian();
    }
    return result;
  }
}
