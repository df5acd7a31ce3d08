package nibble.loaders.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Values of blocks against a script that walks over them as ggml does: equal to the bit. */
class GgufBlocksTest {
  private static final JsonObject GOLDEN = Json.readObject(GoldenFiles.of("gguf/blocks.json"));

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(mode = Mode.MATCH_ANY, names = "Q.*")
  void valuesAreThoseOfGgml(GgufType type) throws IOException {
    byte[] blocks = HexFormat.of().parseHex(GOLDEN.object(type.name()).string("blocks"));
    float[] expected = floats(HexFormat.of().parseHex(GOLDEN.object(type.name()).string("values")));
    Path file =
        new GgufBytes().tensor("w", type, blocks, expected.length).write(folder.resolve("w.gguf"));
    try (GgufFile read = GgufFile.open(file)) {
      assertBits(expected, read.tensor("w").toFloats());
    }
  }

  private static float[] floats(byte[] bytes) {
    float[] values = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private static void assertBits(float[] expected, float[] actual) {
    int[] expectedBits = new int[expected.length];
    int[] actualBits = new int[actual.length];
    Arrays.setAll(expectedBits, i -> Float.floatToRawIntBits(expected[i]));
    Arrays.setAll(actualBits, i -> Float.floatToRawIntBits(actual[i]));
    assertArrayEquals(expectedBits, actualBits);
  }

  @Test
  void everyTypeOfBlocksHasGoldenValues() {
    Set<String> types =
        Arrays.stream(GgufType.values())
            .filter(t -> t.reader().isPresent())
            .map(Enum::name)
            .collect(Collectors.toSet());
    assertEquals(new TreeSet<>(types), new TreeSet<>(GOLDEN.keys()));
  }

  /**
   * The packed weight, dequantized, has the bits of the values of the blocks; the sign of zero is
   * not kept by integers.
   */
  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q5_0", "Q8_0", "Q3_K", "Q6_K"})
  void integerFormsAreExact(GgufType type) {
    IntegerForm form = type.integers().orElseThrow();
    byte[] block = new byte[type.blockBytes()];
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      random.nextBytes(block);
      setScale(type, block, (short) (random.nextInt(0x7C00) | random.nextInt(2) << 15));
      MemorySegment data = MemorySegment.ofArray(block);
      float[] expected = new float[type.blockValues()];
      type.reader().orElseThrow().read(data, 0, expected, 0);
      byte[] codes = new byte[expected.length];
      float[] scales = new float[expected.length / form.groupSize()];
      form.reader().read(data, 0, codes, 0, scales, 0);
      float[] actual = new float[expected.length];
      IntWeights.packSymmetric(codes, scales, 1, codes.length, form.bits(), form.groupSize())
          .dequantize(0, actual, 0);
      for (int i = 0; i < actual.length; i++) {
        assertEquals(expected[i] + 0f, actual[i] + 0f, type + " value " + i);
      }
    }
  }

  private static void setScale(GgufType type, byte[] block, short half) {
    int at = type == GgufType.Q3_K ? 108 : type == GgufType.Q6_K ? 208 : 0;
    ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).putShort(at, half);
  }
}
