package nibble.quant.model;

/** Is told how far a method is, on the thread that runs it. */
public interface MethodProgress {
  /** Tells nobody. */
  MethodProgress NONE =
      new MethodProgress() {
        @Override
        public void begin(String phase, long total, String unit) {}

        @Override
        public void to(long done, String detail) {}
      };

  /**
   * A part of the work begins; the part before it has ended.
   *
   * @param phase such as {@code activations}
   * @param total units of work in it
   * @param unit what is counted, in the plural, such as {@code images}
   */
  void begin(String phase, long total, String unit);

  /** So much of the present part is done. */
  void to(long done, String detail);
}
