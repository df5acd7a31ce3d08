package nibble.quant.gptq;

/** The order in which columns are rounded. */
public enum ColumnOrder {
  /** As stored. */
  NATURAL,
  /**
   * Inputs with the largest mean square first, so that they are rounded before errors pile up;
   * "act-order" in GPTQ checkpoints.
   */
  BY_HESSIAN_DIAGONAL
}
