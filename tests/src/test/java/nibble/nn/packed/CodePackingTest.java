package nibble.nn.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CodePackingTest {

  private static byte[] codes(int count, int bits, long seed) {
    Random random = new Random(seed);
    byte[] codes = new byte[count];
    for (int i = 0; i < count; i++) {
      codes[i] = (byte) (random.nextInt(1 << bits) - (1 << (bits - 1)));
    }
    return codes;
  }

  @Property(tries = 200)
  void packedCodesComeBack(
      @ForAll @IntRange(min = 1, max = 5) int rows,
      @ForAll @IntRange(min = 1, max = 70) int columns,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll long seed) {
    byte[] codes = codes(rows * columns, bits, seed);
    int[] words = CodePacking.pack(codes, rows, columns, bits);
    assertEquals(rows * ((columns * bits + 31) / 32), words.length);
    assertArrayEquals(codes, CodePacking.unpack(words, rows, columns, bits));
    int[] columnWords = CodePacking.packColumns(codes, rows, columns, bits);
    assertArrayEquals(codes, CodePacking.unpackColumns(columnWords, rows, columns, bits));
  }

  @Property(tries = 50)
  void codeIOccupiesBitsFromItimesB(
      @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll long seed) {
    byte[] codes = codes(45, bits, seed);
    int[] words = CodePacking.pack(codes, 1, 45, bits);
    for (int i = 0; i < 45; i++) {
      int value = 0;
      for (int bit = 0; bit < bits; bit++) {
        int at = i * bits + bit;
        value |= (words[at / 32] >>> (at % 32) & 1) << bit;
      }
      assertEquals(codes[i] + (1 << (bits - 1)), value);
    }
  }

  @Example
  void fourAndEightBitWordsAreThoseOfCompressedTensors() {
    assertArrayEquals(
        new int[] {0x7654_3210, 0x0000_00F8},
        CodePacking.pack(new byte[] {-8, -7, -6, -5, -4, -3, -2, -1, 0, 7}, 1, 10, 4));
    assertArrayEquals(
        new int[] {33409},
        CodePacking.pack(new byte[] {1, 2}, 1, 2, 8)); // the example in their documentation
    assertArrayEquals(
        new int[] {0x98, 0x0A}, CodePacking.packColumns(new byte[] {0, 2, 1, -8}, 2, 2, 4));
  }

  @Example
  void everyByteHoldsTwoNibblesLowFirst() {
    for (int value = 0; value < 256; value++) {
      byte[] codes = {(byte) ((value & 15) - 8), (byte) ((value >> 4) - 8)};
      assertArrayEquals(new int[] {value}, CodePacking.pack(codes, 1, 2, 4));
    }
  }

  @Example
  void whatDoesNotFitIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> CodePacking.pack(new byte[] {8}, 1, 1, 4));
    assertThrows(IllegalArgumentException.class, () -> CodePacking.pack(new byte[] {-9}, 1, 1, 4));
    assertThrows(IllegalArgumentException.class, () -> CodePacking.pack(new byte[3], 2, 2, 4));
    assertThrows(IllegalArgumentException.class, () -> CodePacking.unpack(new int[2], 1, 8, 4));
  }
}
