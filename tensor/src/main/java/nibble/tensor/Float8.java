package nibble.tensor;

/**
 * The two 8-bit float formats of the OCP specification (OFP8, revision 1.0). Rounding is to
 * nearest, ties to even.
 *
 * <p>E4M3 has no infinities; its largest value is 448 and {@code 0x7F} and {@code 0xFF} are NaN.
 * E5M2 has infinities and NaNs as IEEE 754 formats do; its largest finite value is 57344.
 */
public final class Float8 {
  /** Largest E4M3 value. */
  public static final float E4M3_MAX = 448;

  /** Largest finite E5M2 value. */
  public static final float E5M2_MAX = 57344;

  private Float8() {}

  /** The value of an E4M3 code. */
  public static float fromE4M3(byte code) {
    if ((code & 0x7F) == 0x7F) {
      return Float.NaN;
    }
    return decode(code, 3, 7);
  }

  /** The value of an E5M2 code. */
  public static float fromE5M2(byte code) {
    if ((code & 0x7C) == 0x7C) {
      return (code & 3) != 0
          ? Float.NaN
          : code < 0 ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY;
    }
    return decode(code, 2, 15);
  }

  /**
   * The E4M3 code nearest to {@code value}; NaN where it rounds to more than {@value #E4M3_MAX}.
   * Clamp first to saturate instead.
   */
  public static byte toE4M3(double value) {
    double rounded = round(value, 3, -6);
    if (Double.isNaN(rounded) || Math.abs(rounded) > E4M3_MAX) {
      return (byte) (sign(value) | 0x7F);
    }
    return (byte) (sign(value) | encode(Math.abs(rounded), 3, 7));
  }

  /**
   * The E5M2 code nearest to {@code value}; infinity where it rounds to more than {@value
   * #E5M2_MAX}. Clamp first to saturate instead.
   */
  public static byte toE5M2(double value) {
    double rounded = round(value, 2, -14);
    if (Double.isNaN(rounded)) {
      return (byte) (sign(value) | 0x7E);
    }
    return (byte)
        (sign(value) | (Math.abs(rounded) > E5M2_MAX ? 0x7C : encode(Math.abs(rounded), 2, 15)));
  }

  /**
   * {@code value} rounded half to even to a binary format with {@code mantissaBits} stored bits and
   * smallest normal exponent {@code minExponent}; the largest exponent is not limited. Exact: no
   * double rounding.
   */
  static double round(double value, int mantissaBits, int minExponent) {
    if (!Double.isFinite(value)) {
      return value;
    }
    int quantum = Math.max(Math.getExponent(value), minExponent) - mantissaBits;
    return Math.scalb(Math.rint(Math.scalb(value, -quantum)), quantum);
  }

  private static int sign(double value) {
    return Double.doubleToRawLongBits(value) < 0 ? 0x80 : 0;
  }

  private static float decode(byte code, int mantissaBits, int bias) {
    int exponent = (code & 0x7F) >>> mantissaBits;
    int mantissa = code & (1 << mantissaBits) - 1;
    int hidden = exponent == 0 ? 0 : 1 << mantissaBits;
    float magnitude =
        Math.scalb((float) (hidden + mantissa), Math.max(exponent, 1) - bias - mantissaBits);
    return code < 0 ? -magnitude : magnitude;
  }

  /** The code of a magnitude that the format holds exactly. */
  private static int encode(double magnitude, int mantissaBits, int bias) {
    int exponent = Math.max(Math.getExponent(magnitude), 1 - bias);
    int units =
        (int)
            Math.scalb(
                magnitude, mantissaBits - exponent); // includes the hidden bit of normal values
    return (exponent + bias - 1 << mantissaBits) + units;
  }
}
