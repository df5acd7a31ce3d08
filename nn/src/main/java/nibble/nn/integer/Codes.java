package nibble.nn.integer;

/**
 * Signed codes of a tensor with one scale: {@code q = clamp(rint(x / S), -m, m), m = 2^(b - 1) -
 * 1}, and 0 for NaN.
 *
 * @param scale S, positive and finite
 * @param bits b, from 2 to 16
 */
record Codes(double scale, int bits) {
  Codes {
    if (!(scale > 0) || Double.isInfinite(scale) || bits < 2 || bits > 16) {
      throw new IllegalArgumentException(
          "codes need a positive scale and 2 to 16 bits, found %s and %d".formatted(scale, bits));
    }
  }

  /** m. */
  int largest() {
    return (1 << (bits - 1)) - 1;
  }

  int of(float x) {
    return (int) Math.rint(Math.clamp(x / scale, -largest(), largest()));
  }
}
