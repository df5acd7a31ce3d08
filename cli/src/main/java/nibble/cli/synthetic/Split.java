package nibble.cli.synthetic;

/** Parts of the picture set; no picture of one part is a picture of another. */
public enum Split {
  /** The endless stream to learn from. */
  TRAIN,
  /** Pictures for choosing: learning rates, calibration of quantizers. */
  CALIBRATION,
  /** Pictures for the final score only. */
  TEST
}
