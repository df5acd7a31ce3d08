package nibble.loaders.api;

/** Checks of the builders. */
final class Settings {
  private Settings() {}

  static int atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, was " + value);
    }
    return value;
  }
}
