package nibble.kernels.lowbit;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * As many bytes as there are lanes, widened to integers. A code is masked where it stands, which
 * multiplies it by a power of two; the scale is divided by the same, which is exact and saves the
 * shift.
 */
final class VectorGroupCodes implements GroupCodes {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;

  /** Bytes of a load: those of all lanes, and no fewer than the smallest vector holds. */
  private static final int BYTES = Math.max(8, LANES);

  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * BYTES));

  @Override
  public void plane(
      int bits,
      int size,
      int n,
      byte[] packed,
      int at,
      float scale,
      float least,
      float[] out,
      int to) {
    int perByte = 8 / bits;
    int whole = n * perByte == size ? n / BYTES * BYTES : 0;
    int mask = (1 << bits) - 1;
    for (int j = 0; j < perByte && whole > 0; j++) {
      part(
          whole, mask << (j * bits), packed, at, scale / (1 << (j * bits)), least, out, to + j * n);
    }
    if (whole < n) {
      ScalarGroupCodes.plane(bits, size, n, whole, packed, at, scale, least, out, to);
    }
  }

  private static void part(
      int count, int mask, byte[] packed, int at, float scale, float least, float[] out, int to) {
    FloatVector offset = FloatVector.broadcast(F, least);
    for (int i = 0; i < count; i += BYTES) {
      ByteVector bytes = ByteVector.fromArray(B, packed, at + i);
      IntVector low = (IntVector) bytes.convertShape(ZERO_EXTEND_B2I, I, 0);
      ((FloatVector) low.and(mask).convert(I2F, 0))
          .fma(FloatVector.broadcast(F, scale), offset)
          .intoArray(out, to + i);
      if (BYTES > LANES) {
        IntVector high = (IntVector) bytes.convertShape(ZERO_EXTEND_B2I, I, 1);
        ((FloatVector) high.and(mask).convert(I2F, 0))
            .fma(FloatVector.broadcast(F, scale), offset)
            .intoArray(out, to + i + LANES);
      }
    }
  }
}
