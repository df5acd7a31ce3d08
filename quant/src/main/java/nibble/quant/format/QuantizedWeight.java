package nibble.quant.format;

/** A weight {@code [out, in]} as the codes a method chose. Immutable. */
public interface QuantizedWeight {
  /** Output features. */
  int out();

  /** Input features. */
  int in();

  /** The values the codes stand for, {@code [out, in]}, in a new array. */
  float[] dequantize();

  /** Bits that codes, scales and zero points occupy as written to a file. */
  long storedBits();

  /** Name of the stored format, for example {@code int4-sym-g128}. */
  String formatName();
}
