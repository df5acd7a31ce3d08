package nibble.nn.generation;

/** Why a sequence ended. */
public enum StopReason {
  /** A stop token was chosen. */
  STOP_TOKEN,
  /** A stop text came. */
  STOP_TEXT,
  /** As many tokens as were asked for. */
  MAX_TOKENS,
  /** The longest sequence that the model takes. */
  CONTEXT,
  /** Whoever asked for it wants no more. */
  CANCELLED
}
