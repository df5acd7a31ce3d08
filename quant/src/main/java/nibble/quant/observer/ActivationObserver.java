package nibble.quant.observer;

import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * Watches the values of one tensor over many batches and proposes a static grid for them. Not
 * thread-safe.
 */
public interface ActivationObserver {

  /**
   * Takes {@code count} values from {@code offset}; they are not kept.
   *
   * @throws IllegalArgumentException if a value is NaN or infinite; the message starts with the
   *     observer's name
   */
  void observe(float[] x, int offset, int count);

  /**
   * The grid for what was seen.
   *
   * @throws IllegalStateException if nothing was seen
   */
  Grid grid(IntFormat format);
}
