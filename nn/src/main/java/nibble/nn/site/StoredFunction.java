package nibble.nn.site;

import nibble.nn.SiteFunction;

/**
 * A site function that belongs to the model: it stays when the model is written and read again.
 * Immutable, safe for several threads, and differentiable in its input (a quantizer passes
 * gradients straight through, except where it clips).
 *
 * <p>A new kind is a class and a line in {@link StoredFunctions}.
 */
public interface StoredFunction extends SiteFunction {
  /** Everything needed to make it again. */
  FunctionRecord stored();

  /** In words, for people: {@code INT4 per head}. */
  String format();
}
