package nibble.quant.format;

/** Where a grid puts its zero point. */
public enum Symmetry {
  /**
   * Zero point 0 and {@code scale = max|x| / (2^(b-1) - 1)}, the two's complement form of QuaRot
   * and QUIK. The lowest code is spare.
   */
  SYMMETRIC("sym"),
  /**
   * Zero point 0 and {@code scale = 2 max|x| / (2^b - 1)}: all codes are used, and the largest
   * positive value is half a scale off. The symmetric grid of GPTQ, which writes it with unsigned
   * codes and zero point {@code 2^(b-1)}, and of compressed-tensors.
   */
  SYMMETRIC_OFFSET("offset"),
  /** A free integer zero point; the range always includes 0, which is represented exactly. */
  ASYMMETRIC("asym");

  private final String word;

  Symmetry(String word) {
    this.word = word;
  }

  /** The word for it in a scheme: {@code sym}, {@code offset} or {@code asym}. */
  public String word() {
    return word;
  }
}
