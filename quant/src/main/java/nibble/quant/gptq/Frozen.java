package nibble.quant.gptq;

import org.jspecify.annotations.Nullable;

/**
 * What GPTQ leaves in float.
 *
 * @param columns by column: true keeps it in float; these columns come last and absorb the errors
 *     of the others (QUIK); null for none
 * @param elements {@code [out, in]}: true keeps the element in float where it stands in the loop,
 *     so that it absorbs what came before it (TaCQ); null for none
 */
public record Frozen(boolean @Nullable [] columns, boolean @Nullable [] elements) {
  /** Nothing. */
  public static final Frozen NONE = new Frozen(null, null);

  /** Whole columns. */
  public static Frozen columns(boolean[] columns) {
    return new Frozen(columns, null);
  }

  /** Single elements. */
  public static Frozen elements(boolean[] elements) {
    return new Frozen(null, elements);
  }

  boolean misfits(int out, int in) {
    return (columns != null && columns.length != in)
        || (elements != null && elements.length != Math.multiplyExact(out, in));
  }

  boolean isNothing() {
    return columns == null && elements == null;
  }

  boolean keeps(int at) {
    return elements != null && elements[at];
  }
}
