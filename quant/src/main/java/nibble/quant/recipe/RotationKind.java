package nibble.quant.recipe;

/** Which space a rotation turns. */
public enum RotationKind {
  /** The residual stream, fused into the weights that read and write it; R1 in SpinQuant. */
  RESIDUAL("residual"),
  /** Values of each attention head, fused into the value and output projections; R2. */
  HEAD("head"),
  /**
   * Input of the second linear layer of an MLP, done online by a fast Hadamard transform and undone
   * in its weight; R4.
   */
  MLP("mlp"),
  /**
   * Queries and keys of each head after rotary positions, both online: for caches that store keys
   * as codes; R3.
   */
  KEYS("keys");

  private final String word;

  RotationKind(String word) {
    this.word = word;
  }

  /** The word for it in a recipe. */
  public String word() {
    return word;
  }
}
