package nibble.kernels.rowwise;

/** The functions that {@link Activations} computes. */
public enum Activation {
  /** {@code e^x}. */
  EXP,
  /** {@code 1 / (1 + e^-x)}. */
  SIGMOID,
  /** Hyperbolic tangent. */
  TANH,
  /** {@code max(x, 0)}; its derivative at 0 is 0. */
  RELU,
  /** {@code x * sigmoid(x)}. */
  SILU,
  /** {@code x * (1 + erf(x / sqrt 2)) / 2}. */
  GELU,
  /** {@code x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2}. */
  GELU_TANH
}
