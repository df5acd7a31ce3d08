package nibble.quant.model;

/**
 * Samples to train on, batch after batch without end, made ahead while the present ones are used.
 */
public interface SampleStream extends AutoCloseable {
  /** The next batch; valid until the next call. */
  Samples next();

  @Override
  void close();
}
