package nibble.nn;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x W^T + b}. The weight {@code [out, in]} is a {@link Parameter}; what runs is a {@link
 * WeightMatrix} made from it at the first call without gradient, or one that was put in its place
 * ({@link #execute}), such as packed integers.
 *
 * <p>Whoever changes the weight's elements in place calls {@link #weightChanged()} afterwards;
 * {@link #setWeight} does it by itself, and so does a forward pass that records gradients.
 */
public final class Linear {
  private final String name;
  private final Parameter weight;
  private @Nullable Parameter bias;
  private final Site input;
  private final Site weightSite;
  private volatile @Nullable WeightMatrix matrix;
  private volatile boolean replaced;

  /**
   * @param input the site that this layer's input passes; several layers that read the same tensor
   *     share one
   * @param sites where the weight's site {@code <name>.weight} is added
   */
  public Linear(String name, Parameter weight, @Nullable Parameter bias, Site input, Sites sites) {
    if (weight.shape().rank() != 2) {
      throw new IllegalArgumentException(
          "the weight of '" + name + "' must be [out, in], was " + weight.shape());
    }
    this.name = name;
    this.weight = weight;
    this.bias = bias;
    this.input = input;
    this.weightSite = sites.add(name + ".weight");
  }

  /** Name within the model, such as {@code blocks.3.mlp.fc1}. */
  public String name() {
    return name;
  }

  public int out() {
    return weight.shape().dim(0);
  }

  public int in() {
    return weight.shape().dim(1);
  }

  /** The site that the input passes. */
  public Site input() {
    return input;
  }

  /**
   * The site that the float weight passes when gradients are recorded or something is installed in
   * it.
   */
  public Site weightSite() {
    return weightSite;
  }

  /** The weight {@code [out, in]}. */
  public Parameter weight() {
    return weight;
  }

  /** The bias {@code [out]}, or null. */
  public @Nullable Parameter bias() {
    return bias;
  }

  /** The bias; a layer without one gets zeros, named after its weight. */
  public Parameter ensureBias() {
    Parameter current = bias;
    if (current == null) {
      String biasName = weight.name().replaceFirst("weight$", "bias");
      current = new Parameter(biasName, Tensor.zeros(out()));
      bias = current;
    }
    return current;
  }

  /** Replaces the float weight; a matrix that was set by {@link #execute} is dropped. */
  public void setWeight(Tensor replacement) {
    weight.set(replacement);
    weightChanged();
  }

  /** To be called after the weight's elements were changed in place. */
  public void weightChanged() {
    matrix = null;
    replaced = false;
  }

  /** Runs {@code replacement} instead of the float weight from now on. */
  public void execute(WeightMatrix replacement) {
    if (replacement.out() != out() || replacement.in() != in()) {
      throw new IllegalArgumentException(
          "'%s' is [%d, %d], the replacement [%d, %d]"
              .formatted(name, out(), in(), replacement.out(), replacement.in()));
    }
    matrix = replacement;
    replaced = true;
  }

  /** Whether {@link #execute} put another form in place of the float weight. */
  public boolean isReplaced() {
    return replaced;
  }

  /** What runs: the replacement, or the float weight packed (now, if this is the first call). */
  public WeightMatrix matrix() {
    WeightMatrix current = matrix;
    if (current == null) {
      synchronized (this) {
        current = matrix;
        if (current == null) {
          current = FloatWeight.of(weight.peek());
          matrix = current;
        }
      }
    }
    return current;
  }

  /** The input's site, then the product: {@code [..., in]} to {@code [..., out]}. */
  public Tensor forward(Ops ops, Tensor x) {
    return project(ops, input.input(ops, x));
  }

  /** {@code f} of the same, in one pass where the weight's form can do that. */
  public Tensor forward(Ops ops, Tensor x, Activation f) {
    return project(ops, input.input(ops, x), f);
  }

  /**
   * {@code residual} plus the same, for a residual of the result's shape; in one pass where the
   * weight's form can do that.
   */
  public Tensor forwardAdd(Ops ops, Tensor x, Tensor residual) {
    LayerInput in = input.input(ops, x);
    return runsMatrix(ops)
        ? matrix().multiplyAdd(ops, in, biasValues(), residual)
        : ops.add(residual, project(ops, in));
  }

  /** The product alone, for an input that has passed its site already. */
  public Tensor project(Ops ops, Tensor x) {
    return project(ops, new LayerInput(x));
  }

  /** The same for an input that other layers read too. */
  public Tensor project(Ops ops, LayerInput x) {
    if (runsMatrix(ops)) {
      return matrix().multiply(ops, x, biasValues());
    }
    matrix = null;
    return ops.linear(x.tensor(), weightSite.apply(ops, weight.floats()), biasValues());
  }

  /** {@code f} of the product, for an input that has passed its site already. */
  public Tensor project(Ops ops, LayerInput x, Activation f) {
    return runsMatrix(ops)
        ? matrix().multiply(ops, x, biasValues(), f)
        : f.apply(ops, project(ops, x));
  }

  private boolean runsMatrix(Ops ops) {
    return replaced || !ops.isRecording() && !ops.isRehearsing() && weightSite.isIdentity();
  }

  private @Nullable Tensor biasValues() {
    return bias == null ? null : bias.floats();
  }

  @Override
  public String toString() {
    return name + " [" + out() + ", " + in() + "]";
  }
}
