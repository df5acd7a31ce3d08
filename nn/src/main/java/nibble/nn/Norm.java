package nibble.nn;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation or RMS normalisation over the last axis, with optional gain and bias. A
 * rotation of the residual stream folds gain and bias into the layers that follow and leaves a
 * plain RMS normalisation ({@link #becomePlainRms()}).
 */
public final class Norm {
  /** Which statistic is divided by. */
  public enum Kind {
    LAYER,
    RMS,
    /** The identity: where a model leaves a normalisation out. */
    NONE
  }

  private final String name;
  private final float epsilon;
  private final @Nullable Site input;
  private final @Nullable Operator operator;
  private Kind kind;
  private @Nullable Parameter gain;
  private @Nullable Parameter bias;

  /**
   * @param epsilon added to the variance (LAYER) or the mean square (RMS)
   * @param gain {@code [hidden]}, or null for ones
   * @param bias {@code [hidden]}, or null for zeros; only with LAYER
   */
  public Norm(
      String name, Kind kind, float epsilon, @Nullable Parameter gain, @Nullable Parameter bias) {
    this(name, kind, epsilon, gain, bias, null, null);
  }

  /**
   * @param input the site that the input passes; null for none
   * @param operator lets another form stand in for the normalisation of kind LAYER, before gain and
   *     bias; null for none
   */
  public Norm(
      String name,
      Kind kind,
      float epsilon,
      @Nullable Parameter gain,
      @Nullable Parameter bias,
      @Nullable Site input,
      @Nullable Operator operator) {
    this.input = input;
    this.operator = operator;
    this.name = name;
    this.kind = kind;
    this.epsilon = epsilon;
    this.gain = gain;
    this.bias = bias;
  }

  /** The identity. */
  public static Norm none(String name) {
    return new Norm(name, Kind.NONE, 0, null, null);
  }

  /** Name within the model, such as {@code blocks.3.norm1}. */
  public String name() {
    return name;
  }

  public Kind kind() {
    return kind;
  }

  public float epsilon() {
    return epsilon;
  }

  public @Nullable Parameter gain() {
    return gain;
  }

  public @Nullable Parameter bias() {
    return bias;
  }

  /**
   * Drops gain and bias and keeps only the division by the root mean square. Exact where the caller
   * folded both and the mean is zero.
   */
  public void becomePlainRms() {
    kind = Kind.RMS;
    gain = null;
    bias = null;
  }

  /** The normalised {@code x [..., hidden]}, after the input's site. */
  public Tensor forward(Ops ops, Tensor in) {
    Tensor x = input == null ? in : input.apply(ops, in);
    Tensor g = gain == null ? null : gain.floats();
    return switch (kind) {
      case LAYER -> layerNorm(ops, x, g, bias == null ? null : bias.floats());
      case RMS -> ops.rmsNorm(x, g, epsilon);
      case NONE -> x;
    };
  }

  private Tensor layerNorm(Ops ops, Tensor x, @Nullable Tensor g, @Nullable Tensor b) {
    if (operator == null || !operator.isReplaced()) {
      return ops.layerNorm(x, g, b, epsilon);
    }
    Tensor normalised = operator.apply(ops, x, y -> ops.layerNorm(y, null, null, epsilon));
    Tensor scaled = g == null ? normalised : ops.mul(normalised, g);
    return b == null ? scaled : ops.add(scaled, b);
  }
}
