package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GroupCodesTest {
  private static final int[] BITS = {2, 3, 4, 8};

  @Property(tries = 300)
  void unpacksWhatWasPackedAndBothImplementationsAgreeToTheBit(
      @ForAll @IntRange(max = 3) int width,
      @ForAll @IntRange(min = 1, max = 300) int size,
      @ForAll @IntRange(max = 5) int at,
      @ForAll long seed) {
    int bits = BITS[width];
    SplittableRandom random = new SplittableRandom(seed);
    int[] codes = random.ints(size + 2, 0, 1 << bits).toArray();
    byte[] packed = new byte[at + GroupCodes.bytes(bits, size)];
    GroupCodes.pack(bits, size, codes, 2, packed, at);
    float scale = (float) random.nextDouble(0.01, 2);
    float least = (float) random.nextDouble(-3, 3);
    float[] scalar = new float[size + 1];
    float[] vector = new float[size + 1];
    new ScalarGroupCodes().unpack(bits, size, packed, at, scale, least, scalar, 1);
    GroupCodes.best().unpack(bits, size, packed, at, scale, least, vector, 1);
    assertArrayEquals(scalar, vector);
    new ScalarGroupCodes().unpack(bits, size, packed, at, 1, 0, scalar, 1);
    for (int i = 0; i < size; i++) {
      assertEquals(codes[2 + i], scalar[1 + i]);
    }
  }

  @Test
  void bytesAreThoseOfTheCodes() {
    assertEquals(32, GroupCodes.bytes(2, 128));
    assertEquals(48, GroupCodes.bytes(3, 128));
    assertEquals(64, GroupCodes.bytes(4, 128));
    assertEquals(128, GroupCodes.bytes(8, 128));
    assertThrows(IllegalArgumentException.class, () -> GroupCodes.bytes(5, 8));
  }
}
