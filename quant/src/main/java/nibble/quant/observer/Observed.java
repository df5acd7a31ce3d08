package nibble.quant.observer;

/** Checks that observers share. */
final class Observed {
  private Observed() {}

  static void check(String name, float value) {
    if (!Float.isFinite(value)) {
      throw new IllegalArgumentException(
          "%s: observed %s, expected finite activations; check the model's weights"
              .formatted(name, value));
    }
  }

  static void checkSeen(String name, boolean seen) {
    if (!seen) {
      throw new IllegalStateException(name + ": nothing was observed; pass calibration data");
    }
  }
}
