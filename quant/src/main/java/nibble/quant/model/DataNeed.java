package nibble.quant.model;

/** What a method must see beside the model. */
public enum DataNeed {
  /** Nothing. */
  NONE,
  /** Samples; labels are used where there are some. */
  SAMPLES,
  /** Samples with labels. */
  LABELS
}
