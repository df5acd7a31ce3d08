package nibble.tensor;

import java.util.Arrays;
import java.util.function.BiFunction;
import nibble.kernels.attention.Attention;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.attention.SmoothedAttention;
import nibble.kernels.attention.SmoothedScores;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Activation;
import org.jspecify.annotations.Nullable;

/**
 * The operators on tensors. One set serves inference and training: an operator is recorded only if
 * grad mode is on and an input requires a gradient; {@link #backward} then runs through what was
 * recorded.
 *
 * <p>Inputs may be any tensors (strided views and other dtypes are copied first); results are
 * working tensors. Results do not share memory with inputs, except those of {@link #reshape};
 * inputs are never written. Axes count from the end when negative. Shapes that do not fit throw
 * {@link IllegalArgumentException}. Results do not depend on the number of threads.
 *
 * <p>Not thread-safe: one thread uses an instance at a time, and a graph is recorded and run back
 * by the same instance.
 */
public final class Ops implements AutoCloseable {
  private final Engine engine;

  /** Operators that share their work on {@code splitter}, which {@link #close} closes. */
  public Ops(WorkSplitter splitter) {
    engine = new Engine(this, splitter);
  }

  /** Operators on the calling thread only. */
  public static Ops serial() {
    return new Ops(WorkSplitter.serial());
  }

  /** The splitter that was passed in. */
  public WorkSplitter splitter() {
    return engine.splitter();
  }

  /** Whether grad mode is on, as it is in the beginning. */
  public boolean isRecording() {
    return engine.isRecording();
  }

  /**
   * Whether this is the first pass of a {@link #checkpoint} that computes the same again for
   * gradients: nothing is recorded, but what is prepared for inference, such as packed weights,
   * would serve one pass only.
   */
  public boolean isRehearsing() {
    return engine.isRehearsing();
  }

  /** Switches grad mode off until the result is closed. */
  public Mode noGrad() {
    return new Mode(engine, false);
  }

  /**
   * Switches grad mode on until the result is closed: to learn something on the way of a pass that
   * records nothing itself.
   */
  public Mode withGrad() {
    return new Mode(engine, true);
  }

  /**
   * Switches grad mode on, and lets relevance run back through what is recorded until the result is
   * closed: layer-wise relevance propagation. {@link #backward} then gives every leaf, and the
   * backward rule of every {@link #custom} function, {@code c = R / value} where it gives gradients
   * otherwise; R is c times the value. Start from {@code sum(mul(y, R / y))}.
   */
  public Mode relevance() {
    return new Mode(engine, true, true);
  }

  /** Restores the mode that was set before. */
  public static final class Mode implements AutoCloseable {
    private final Engine engine;
    private final boolean before;
    private final boolean relevanceBefore;

    private Mode(Engine engine, boolean recording) {
      this(engine, recording, false);
    }

    private Mode(Engine engine, boolean recording, boolean relevance) {
      this.engine = engine;
      before = engine.setGradMode(recording);
      relevanceBefore = engine.setRelevanceMode(relevance);
    }

    @Override
    public void close() {
      engine.setGradMode(before);
      engine.setRelevanceMode(relevanceBefore);
    }
  }

  /** Opens a scope that recycles the memory of results. */
  public Scope scope() {
    return new Scope(engine.workspace());
  }

  /** Closes the splitter. */
  @Override
  public void close() {
    engine.splitter().close();
  }

  Tensor apply(Operator operator, Tensor... in) {
    return engine.apply(operator, in);
  }

  /**
   * A working tensor whose content is undefined, owned by the innermost scope: for operators
   * outside this class, which write every element.
   */
  public Tensor empty(int... dims) {
    return engine.empty(Shape.of(dims));
  }

  // Matrix products

  /**
   * {@code x w^T + bias} for {@code x [..., in]}, {@code w [out, in]}, {@code bias [out]}: {@code
   * [..., out]}.
   */
  public Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
    return bias == null ? apply(new Matmul.Linear(), x, w) : apply(new Matmul.Linear(), x, w, bias);
  }

  /**
   * The same with a weight that was packed ahead, for inference.
   *
   * @throws IllegalStateException if grad mode is on and {@code x} requires a gradient
   */
  public Tensor linear(Tensor x, PackedMatrix w, float @Nullable [] bias) {
    if (engine.isRecording() && x.requiresGrad()) {
      throw new IllegalStateException(
          "a packed weight has no derivative; use the float weight, or switch to noGrad()");
    }
    return Matmul.packedLinear(engine, engine.working(x), w, Epilogue.ofBias(bias));
  }

  /**
   * {@code f(x w^T + bias) + residual} with a packed weight, for inference: the same bits as the
   * separate operators, without another pass over memory.
   *
   * @param f null for the identity
   * @param residual {@code [..., out]}, the shape of the result; null for none
   * @throws IllegalStateException if grad mode is on and {@code x} or {@code residual} requires a
   *     gradient
   */
  public Tensor linear(
      Tensor x,
      PackedMatrix w,
      float @Nullable [] bias,
      @Nullable Activation f,
      @Nullable Tensor residual) {
    if (engine.isRecording() && (x.requiresGrad() || residual != null && residual.requiresGrad())) {
      throw new IllegalStateException(
          "a packed weight has no derivative; use the float weight, or switch to noGrad()");
    }
    Epilogue epilogue = Epilogue.ofBias(bias).then(f);
    if (residual == null) {
      return Matmul.packedLinear(engine, engine.working(x), w, epilogue);
    }
    if (!residual.shape().equals(x.shape().with(-1, w.out()))) {
      throw new IllegalArgumentException(
          "linear adds a residual of the result's shape, %s, got %s"
              .formatted(x.shape().with(-1, w.out()), residual.shape()));
    }
    Tensor added = engine.working(residual);
    return Matmul.packedLinear(
        engine, engine.working(x), w, epilogue.plus(added.array(), added.offset(), w.out()));
  }

  /**
   * {@code a b} for {@code [..., m, k]} and {@code [..., k, n]}; batch axes are equal, or absent on
   * one side.
   */
  public Tensor matmul(Tensor a, Tensor b) {
    return apply(new Matmul.Product(false), a, b);
  }

  /**
   * {@code a b^T} for {@code [..., m, k]} and {@code [..., n, k]}; batch axes are equal, or absent
   * on one side.
   */
  public Tensor matmulTransposed(Tensor a, Tensor b) {
    return apply(new Matmul.Product(true), a, b);
  }

  // Element by element

  /** {@code a + b} with broadcasting. */
  public Tensor add(Tensor a, Tensor b) {
    return apply(Binary.ADD, a, b);
  }

  /** {@code a - b} with broadcasting. */
  public Tensor sub(Tensor a, Tensor b) {
    return apply(Binary.SUB, a, b);
  }

  /** {@code a b} with broadcasting. */
  public Tensor mul(Tensor a, Tensor b) {
    return apply(Binary.MUL, a, b);
  }

  /** {@code a / b} with broadcasting. */
  public Tensor div(Tensor a, Tensor b) {
    return apply(Binary.DIV, a, b);
  }

  /** {@code s a}. */
  public Tensor scale(Tensor a, float s) {
    return apply(new Pointwise.Scale(s), a);
  }

  /** {@code min(max(a, low), high)}; the gradient passes where {@code low <= a <= high}. */
  public Tensor clamp(Tensor a, float low, float high) {
    if (!(low <= high)) {
      throw new IllegalArgumentException(
          "clamp needs low <= high, got %s and %s".formatted(low, high));
    }
    return apply(new Pointwise.Clamp(low, high), a);
  }

  /** {@code -a}. */
  public Tensor neg(Tensor a) {
    return scale(a, -1);
  }

  /** {@code e^a}. */
  public Tensor exp(Tensor a) {
    return apply(new Pointwise.Activate(Activation.EXP), a);
  }

  /** Natural logarithm. */
  public Tensor log(Tensor a) {
    return apply(Unary.LOG, a);
  }

  /** Square root. */
  public Tensor sqrt(Tensor a) {
    return apply(Unary.SQRT, a);
  }

  /** {@code a^2}. */
  public Tensor square(Tensor a) {
    return apply(Unary.SQUARE, a);
  }

  /** {@code |a|}; the gradient at 0 is 0. */
  public Tensor abs(Tensor a) {
    return apply(Unary.ABS, a);
  }

  /** Hyperbolic tangent. */
  public Tensor tanh(Tensor a) {
    return apply(new Pointwise.Activate(Activation.TANH), a);
  }

  /** {@code 1 / (1 + e^-a)}. */
  public Tensor sigmoid(Tensor a) {
    return apply(new Pointwise.Activate(Activation.SIGMOID), a);
  }

  /** {@code max(a, 0)}; the gradient at 0 is 0. */
  public Tensor relu(Tensor a) {
    return apply(new Pointwise.Activate(Activation.RELU), a);
  }

  /** {@code a Phi(a)} with the exact normal distribution function (erf). */
  public Tensor gelu(Tensor a) {
    return apply(new Pointwise.Activate(Activation.GELU), a);
  }

  /** The tanh approximation of {@link #gelu}. */
  public Tensor geluTanh(Tensor a) {
    return apply(new Pointwise.Activate(Activation.GELU_TANH), a);
  }

  /** {@code a sigmoid(a)}. */
  public Tensor silu(Tensor a) {
    return apply(new Pointwise.Activate(Activation.SILU), a);
  }

  // Normalisation along the last axis

  /** {@code exp(x) / sum(exp(x))} along the last axis. */
  public Tensor softmax(Tensor x) {
    return apply(new Normalisation.SoftmaxRow(), x);
  }

  /** The logarithm of {@link #softmax}. */
  public Tensor logSoftmax(Tensor x) {
    return apply(new Normalisation.LogSoftmaxRow(), x);
  }

  /**
   * {@code (x - mean) / sqrt(variance + eps) * gain + bias} along the last axis, of {@code n}
   * elements; {@code gain [n]}, {@code bias [n]}.
   */
  public Tensor layerNorm(Tensor x, @Nullable Tensor gain, @Nullable Tensor bias, float eps) {
    return apply(
        new Normalisation.LayerNormRow(eps, gain != null, bias != null), present(x, gain, bias));
  }

  /**
   * {@code x / sqrt(mean(x^2) + eps) * gain} along the last axis, of {@code n} elements; {@code
   * gain [n]}.
   */
  public Tensor rmsNorm(Tensor x, @Nullable Tensor gain, float eps) {
    return apply(new Normalisation.RmsNormRow(eps, gain != null), present(x, gain));
  }

  private static Tensor[] present(@Nullable Tensor... tensors) {
    int count = 0;
    for (Tensor tensor : tensors) {
      count += tensor == null ? 0 : 1;
    }
    Tensor[] result = new Tensor[count];
    int next = 0;
    for (Tensor tensor : tensors) {
      if (tensor != null) {
        result[next++] = tensor;
      }
    }
    return result;
  }

  // Attention

  /**
   * Attention of several heads without a matrix of all scores, for inference: {@code softmax(scale
   * q k^T + bias) v} for every head, with the keys that {@code rule} and {@code keyLengths} let a
   * query see. Operands are what projections write; strided views of working tensors with
   * consecutive elements in a row, such as the filled part of a cache, are read where they are.
   *
   * @param q {@code [batch, queries, heads * headDim]}
   * @param k {@code [batch, keys, kvHeads * headDim]}
   * @param v {@code [batch, keys, kvHeads * headDim]}
   * @param keyLengths for each sequence the number of leading keys that are no padding, or null for
   *     all
   * @param bias {@code [batch or 1, heads or 1, queries or 1, keys]} added to the scores, or null;
   *     minus infinity hides a key
   * @return {@code [batch, queries, heads * headDim]}
   * @throws IllegalStateException if grad mode is on and an operand requires a gradient; the plain
   *     operators have derivatives
   */
  public Tensor attention(
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      int @Nullable [] keyLengths,
      @Nullable Tensor bias) {
    refuseGradients("fused attention", q, k, v, bias);
    return FusedAttention.forward(engine, q, k, v, heads, kvHeads, rule, keyLengths, bias);
  }

  /**
   * The same where every query sees every key, with probabilities that {@code map} changes before
   * they meet the values; without padding and bias. Has no derivative.
   *
   * @throws IllegalArgumentException if there are more keys than {@link Attention#mostKeysTogether}
   * @throws IllegalStateException if grad mode is on and an operand requires a gradient
   */
  public Tensor mappedAttention(
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      ProbabilityMap map) {
    refuseGradients("fused attention", q, k, v, null);
    return FusedAttention.mapped(engine, q, k, v, heads, kvHeads, rule, map);
  }

  /**
   * The same with scores that are integer products of codes of queries and keys, see {@link
   * SmoothedAttention}; without padding and bias. Has no derivative.
   *
   * @throws IllegalStateException if grad mode is on and an operand requires a gradient
   */
  public Tensor smoothedAttention(
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int kvHeads,
      AttentionRule rule,
      SmoothedScores codes) {
    refuseGradients("attention of codes", q, k, v, null);
    return FusedAttention.smoothed(engine, q, k, v, heads, kvHeads, rule, codes);
  }

  private void refuseGradients(String kernel, Tensor q, Tensor k, Tensor v, @Nullable Tensor bias) {
    if (engine.isRecording()
        && (q.requiresGrad()
            || k.requiresGrad()
            || v.requiresGrad()
            || bias != null && bias.requiresGrad())) {
      throw new IllegalStateException(
          kernel + " has no derivative; use matmul and softmax, or switch to noGrad()");
    }
  }

  /**
   * {@code x [batch, tokens, heads * headDim]} with the pairs of each head turned by the angles of
   * their token's position.
   *
   * @param positions of the tokens: {@code tokens} of them for all sequences alike, or {@code batch
   *     * tokens}
   * @throws IndexOutOfBoundsException if a position is not in the table
   */
  public Tensor rotate(Tensor x, int headDim, RopeTable table, int[] positions) {
    return apply(new Rotation(headDim, table, positions.clone()), x);
  }

  // Moving elements

  /**
   * The elements of {@code x} in another shape, one dimension of which may be -1; shares the memory
   * of {@code x}.
   */
  public Tensor reshape(Tensor x, int... dims) {
    return apply(new Reshaping.Reshape(Strided.reshaped(x.shape(), dims)), x);
  }

  /** Axis {@code i} of the result is axis {@code axes[i]} of {@code x}. */
  public Tensor permute(Tensor x, int... axes) {
    int[] positive = new int[axes.length];
    boolean[] seen = new boolean[x.rank()];
    for (int i = 0; i < axes.length; i++) {
      positive[i] = x.shape().axis(axes[i]);
      seen[positive[i]] = true;
    }
    for (boolean present : seen) {
      if (!present || axes.length != x.rank()) {
        throw new IllegalArgumentException(
            "permute of %s needs every axis once, got %s"
                .formatted(x.shape(), Arrays.toString(axes)));
      }
    }
    return apply(new Reshaping.Permute(positive), x);
  }

  /** Indices {@code from} (inclusive) to {@code to} (exclusive) along {@code axis}. */
  public Tensor slice(Tensor x, int axis, int from, int to) {
    return apply(new Reshaping.Slice(x.shape().axis(axis), from, to), x);
  }

  /** The tensors one after the other along {@code axis}. */
  public Tensor concat(int axis, Tensor... tensors) {
    return apply(new Reshaping.Concat(tensors[0].shape().axis(axis)), tensors);
  }

  /**
   * {@code x} repeated along its axes of dimension 1, and along added leading axes, to the shape
   * {@code dims}.
   */
  public Tensor expand(Tensor x, int... dims) {
    return apply(new Reshaping.Expand(Shape.of(dims)), x);
  }

  /**
   * Rows {@code ids} of {@code table [rows, width]}: {@code [ids, width]}. An id out of range
   * throws {@link IndexOutOfBoundsException}.
   */
  public Tensor rowsOf(Tensor table, int[] ids) {
    return apply(new Reshaping.RowsOf(ids.clone()), table);
  }

  /** {@code x [b, t, heads * d]} as {@code [b, heads, t, d]}. */
  public Tensor splitHeads(Tensor x, int heads) {
    return permute(reshape(x, x.dim(0), x.dim(1), heads, x.dim(2) / heads), 0, 2, 1, 3);
  }

  /** {@code x [b, heads, t, d]} as {@code [b, t, heads * d]}. */
  public Tensor mergeHeads(Tensor x) {
    return reshape(permute(x, 0, 2, 1, 3), x.dim(0), x.dim(2), x.dim(1) * x.dim(3));
  }

  /**
   * Square tiles of {@code images [b, c, H, W]}, row by row: {@code [b, (H/patch) * (W/patch), c *
   * patch * patch]}. The elements of a tile have the order of a convolution weight {@code [out, c,
   * patch, patch]}.
   */
  public Tensor patches(Tensor images, int patch) {
    int b = images.dim(0);
    int c = images.dim(1);
    int down = images.dim(2) / patch;
    int across = images.dim(3) / patch;
    Tensor tiles = permute(reshape(images, b, c, down, patch, across, patch), 0, 2, 4, 1, 3, 5);
    return reshape(tiles, b, down * across, c * patch * patch);
  }

  // Sums

  /** The sum of all elements, rank 0. */
  public Tensor sum(Tensor x) {
    return apply(new Reduction.SumAll(), x);
  }

  /** The mean of all elements, rank 0. */
  public Tensor mean(Tensor x) {
    return scale(sum(x), 1f / x.size());
  }

  /** The sum along one axis, which is dropped, or becomes 1 with {@code keepDim}. */
  public Tensor sum(Tensor x, int axis, boolean keepDim) {
    int at = x.shape().axis(axis);
    Tensor sum = apply(new Reduction.SumAxis(at), x);
    if (keepDim) {
      return sum;
    }
    int[] dims = x.shape().dims();
    System.arraycopy(dims, at + 1, dims, at, dims.length - at - 1);
    return reshape(sum, Arrays.copyOf(dims, dims.length - 1));
  }

  /** The mean along one axis, which is dropped, or becomes 1 with {@code keepDim}. */
  public Tensor mean(Tensor x, int axis, boolean keepDim) {
    return scale(sum(x, axis, keepDim), 1f / x.dim(axis));
  }

  // Losses

  /** Mean cross-entropy of {@code logits [n, classes]} against {@code n} labels, rank 0. */
  public Tensor crossEntropy(Tensor logits, int[] labels) {
    return crossEntropy(logits, labels, 0);
  }

  /**
   * The same with targets {@code 1 - labelSmoothing} on the label plus {@code labelSmoothing /
   * classes} everywhere.
   */
  public Tensor crossEntropy(Tensor logits, int[] labels, float labelSmoothing) {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException(
          "label smoothing must be in [0, 1), was " + labelSmoothing);
    }
    return apply(new Losses.CrossEntropy(labels.clone(), labelSmoothing), logits);
  }

  /** Mean of {@code (a - b)^2} over equal shapes, rank 0. */
  public Tensor mse(Tensor a, Tensor b) {
    return apply(new Losses.MeanSquaredError(), a, b);
  }

  // Differentiation

  /** An operator with a derivative of its own: a straight-through estimator, say. */
  public Tensor custom(DifferentiableFunction function, Tensor... inputs) {
    return apply(new Custom(function), inputs);
  }

  /**
   * {@code function} of {@code inputs}, whose inner results are not kept but computed again by
   * {@link #backward}: memory for time. The function must give the same result both times. Leaves
   * that it uses beside its inputs receive their gradients; other recorded tensors must be inputs.
   */
  public Tensor checkpoint(BiFunction<Ops, Tensor[], Tensor> function, Tensor... inputs) {
    return apply(new Checkpoint(function), inputs);
  }

  /**
   * Adds the derivative of {@code loss} to the {@link Tensor#grad} of every leaf it was computed
   * from, and frees the graph on the way, so it works once per forward computation.
   *
   * @throws IllegalArgumentException if {@code loss} has more than one element
   * @throws IllegalStateException if nothing was recorded for it, or its graph was freed
   */
  public void backward(Tensor loss) {
    if (loss.size() != 1) {
      throw new IllegalArgumentException(
          "backward needs a loss of one element, got " + loss.shape());
    }
    Tensor one = Tensor.of(new float[] {1}, loss.shape().dims());
    engine.backward(loss, one, 0);
  }
}
