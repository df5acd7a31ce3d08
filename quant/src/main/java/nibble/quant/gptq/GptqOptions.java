package nibble.quant.gptq;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of GPTQ.
 *
 * @param blockSize columns updated together before the rest of the matrix is touched; changes
 *     speed, not the mathematics (paper: 128)
 * @param dampening share of the mean Hessian diagonal added to it; raised by itself while Cholesky
 *     fails (paper: 0.01)
 * @param order column order
 * @param staticGroups fit the scales of all groups to the original weight before the loop; needed
 *     for groups in an order of their own
 */
public record GptqOptions(
    int blockSize, double dampening, ColumnOrder order, boolean staticGroups) {
  /** The paper's values. */
  public static final GptqOptions DEFAULTS = new GptqOptions(128, 0.01, ColumnOrder.NATURAL, false);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "block-size",
              DEFAULTS.blockSize,
              "columns updated together; changes speed, not the mathematics (paper: 128)"),
          MethodOption.number(
              "dampening",
              DEFAULTS.dampening,
              "share of the mean Hessian diagonal added to it (paper: 0.01)"),
          MethodOption.choice(
              "order", DEFAULTS.order, "column order; by-hessian-diagonal is act-order"),
          MethodOption.bool(
              "static-groups",
              DEFAULTS.staticGroups,
              "fit all group scales before the loop; needed for act-order with groups"));

  public GptqOptions {
    if (blockSize < 1) {
      throw new IllegalArgumentException("block size must be positive, was " + blockSize);
    }
    if (!(dampening >= 0) || dampening > 1e3) {
      throw new IllegalArgumentException("dampening must be from 0 to 1000, was " + dampening);
    }
  }

  /** From options as the catalogue resolves them. */
  public static GptqOptions of(OptionValues resolved) {
    return new GptqOptions(
        resolved.integer("block-size"), resolved.number("dampening"),
        resolved.choice("order", ColumnOrder.class), resolved.flag("static-groups"));
  }

  public GptqOptions withBlockSize(int value) {
    return new GptqOptions(value, dampening, order, staticGroups);
  }

  public GptqOptions withDampening(double value) {
    return new GptqOptions(blockSize, value, order, staticGroups);
  }

  public GptqOptions withOrder(ColumnOrder value) {
    return new GptqOptions(blockSize, dampening, value, staticGroups);
  }

  public GptqOptions withStaticGroups(boolean value) {
    return new GptqOptions(blockSize, dampening, order, value);
  }
}
