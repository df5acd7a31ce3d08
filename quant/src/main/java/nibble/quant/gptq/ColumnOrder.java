package nibble.quant.gptq;

/** The order in which columns are rounded. */
public enum ColumnOrder {
  /** As stored. */
  NATURAL("natural"),
  /**
   * Inputs with the largest mean square first, so that they are rounded before errors pile up;
   * "act-order" in GPTQ checkpoints.
   */
  BY_HESSIAN_DIAGONAL("by-hessian-diagonal");

  private final String word;

  ColumnOrder(String word) {
    this.word = word;
  }

  /** The word for it in options. */
  public String word() {
    return word;
  }

  static ColumnOrder of(String word) {
    for (ColumnOrder order : values()) {
      if (order.word.equals(word)) {
        return order;
      }
    }
    throw new IllegalArgumentException(
        "column order is '%s', expected natural or by-hessian-diagonal".formatted(word));
  }
}
