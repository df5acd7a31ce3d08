package nibble.quant.recipe;

/** What sites that match a pattern get instead of the step's scheme. */
public sealed interface SiteRule {
  /** Leave it in float. */
  record KeepFloat() implements SiteRule {}

  /** The step's scheme at another bit width. */
  record Bits(int bits) implements SiteRule {
    public Bits {
      if (bits < 2 || bits > 8) {
        throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
      }
    }
  }

  /**
   * The step's scheme with one scale for each output channel: for layers whose width its group size
   * does not divide.
   */
  record PerChannel() implements SiteRule {}

  static SiteRule keepFloat() {
    return new KeepFloat();
  }

  static SiteRule bits(int bits) {
    return new Bits(bits);
  }

  /** As written in a recipe: {@code float}, {@code channel} or the bit width. */
  default Object toTree() {
    return switch (this) {
      case KeepFloat() -> "float";
      case PerChannel() -> "channel";
      case Bits(int bits) -> (long) bits;
    };
  }

  /**
   * Reads what {@link #toTree} wrote.
   *
   * @throws IllegalArgumentException if it is neither
   */
  static SiteRule ofTree(Object tree) {
    if ("float".equals(tree)) {
      return keepFloat();
    }
    if ("channel".equals(tree)) {
      return new PerChannel();
    }
    if (tree instanceof Number number && number.doubleValue() == number.intValue()) {
      return bits(number.intValue());
    }
    throw new IllegalArgumentException(
        "a site rule is \"float\", \"channel\" or a bit width from 2 to 8, found " + tree);
  }
}
