package nibble.loaders.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.loaders.BadFileException;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  @TempDir Path folder;

  private GgufFile open(GgufBytes bytes) throws IOException {
    return GgufFile.open(bytes.write(folder.resolve("model.gguf")));
  }

  @Test
  void integersOfAllWidthsKeepTheirSign() throws IOException {
    byte[] ones = new byte[8];
    Arrays.fill(ones, (byte) 0xFF);
    GgufBytes bytes = new GgufBytes();
    int[] widths = {1, 1, 2, 2, 4, 4};
    for (int type = 0; type < 6; type++) {
      bytes.raw("t" + type, type, Arrays.copyOf(ones, widths[type]));
    }
    bytes.raw("t11", 11, ones);
    try (GgufFile file = open(bytes)) {
      GgufMetadata metadata = file.metadata();
      double[] expected = {0xFF, -1, 0xFFFF, -1, 0xFFFF_FFFFL, -1};
      for (int type = 0; type < 6; type++) {
        assertEquals(expected[type], metadata.findNumber("t" + type).orElseThrow(), "type " + type);
      }
      assertEquals(-1.0, metadata.findNumber("t11").orElseThrow());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void metadataAndTensorsAreRead(int version) throws IOException {
    GgufBytes bytes =
        new GgufBytes()
            .version(version)
            .alignment(64)
            .key("name", "größe")
            .key("count", -1)
            .key("ratio", 0.5f)
            .key("flag", true)
            .key("words", List.of("a", "", "ü"))
            .key("scores", new float[] {1.5f, -2})
            .key("types", new int[] {3, -4})
            .raw("small", 1, new byte[] {-3})
            .raw("large", 10, GgufBytes.le(8).putLong(Long.MAX_VALUE).array())
            .raw("precise", 12, GgufBytes.le(8).putDouble(1e-300).array())
            .floats("w", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
            .tensor("half", GgufType.F16, new byte[] {0, 0x3C, 0, (byte) 0xC0}, 2)
            .tensor("empty", GgufType.F32, new byte[0], 0);
    try (GgufFile file = open(bytes)) {
      GgufMetadata metadata = file.metadata();
      assertEquals("größe", metadata.string("name"));
      assertThrows(
          BadFileException.class,
          () -> metadata.integer("count"),
          "4294967295 has more than 32 bits");
      assertEquals(0.5, metadata.findNumber("ratio").orElseThrow());
      assertTrue(metadata.findBool("flag").orElseThrow());
      assertEquals(List.of("a", "", "ü"), metadata.findStrings("words").orElseThrow());
      assertArrayEquals(new float[] {1.5f, -2}, metadata.findNumbers("scores").orElseThrow());
      assertArrayEquals(new long[] {3, -4}, metadata.findIntegers("types").orElseThrow());
      assertEquals(-3, metadata.integer("small"));
      assertEquals(Optional.of(1e-300), metadata.findNumber("precise"));
      assertEquals(Optional.empty(), metadata.findString("other"));
      assertTrue(
          assertThrows(BadFileException.class, () -> metadata.string("flag"))
              .getMessage()
              .endsWith("model.gguf: key 'flag' is a boolean, expected a string"));
      assertEquals(List.of("w", "half", "empty"), List.copyOf(file.tensors().keySet()));
      GgufTensor w = file.tensor("w");
      assertEquals(Shape.of(2, 3), w.shape());
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, w.toFloats());
      assertFalse(w.plain().orElseThrow().segment().heapBase().isPresent(), "mapped, not copied");
      assertEquals(DType.F16, file.tensor("half").plain().orElseThrow().dtype());
      assertArrayEquals(new float[] {1, -2}, file.tensor("half").toFloats());
      assertEquals(0, file.tensor("empty").toFloats().length);
      assertTrue(
          assertThrows(BadFileException.class, () -> file.tensor("x"))
              .getMessage()
              .contains("tensor 'x' is missing (the file has 3 tensors)"));
    }
  }

  @Test
  void beginningsAreChecked() throws IOException {
    refuse(new GgufBytes().version(1).bytes(), "has version 1 of GGUF, expected 2 to 3");
    refuse(new GgufBytes().version(4).bytes(), "has version 4");
    refuse(new GgufBytes().version(0x03000000).bytes(), "is big-endian");
    refuse("GGML".getBytes(), "does not begin with 'GGUF'");
    refuse(new byte[0], "ends within the header");
    byte[] counts = new GgufBytes().bytes();
    refuse(changed(counts, b -> set(b, 8, 1)), "announces 1 tensors, but only");
    refuse(changed(counts, b -> set(b, 8, -1)), "announces 18446744073709551615 tensors");
    refuse(changed(counts, b -> set(b, 16, 1L << 40)), "announces 1099511627776 keys");
  }

  @Test
  void keysAreChecked() throws IOException {
    refuse(
        new GgufBytes().raw("k", 13, new byte[8]).bytes(),
        "key 'k' has value type 13, expected 0 to 12");
    refuse(
        new GgufBytes().raw("k", 9, GgufBytes.le(12).putInt(9).putLong(0).array()).bytes(),
        "array of arrays");
    refuse(
        new GgufBytes().raw("k", 9, GgufBytes.le(12).putInt(99).putLong(0).array()).bytes(),
        "value type 99");
    refuse(
        new GgufBytes().raw("k", 9, GgufBytes.le(12).putInt(4).putLong(1L << 60).array()).bytes(),
        "announces 1152921504606846976 elements of key 'k'");
    refuse(
        new GgufBytes().raw("k", 8, GgufBytes.le(8).putLong(1L << 33).array()).bytes(),
        "bytes of key 'k'");
    refuse(
        new GgufBytes()
            .raw("k", 8, GgufBytes.le(10).putLong(2).put((byte) 0xC3).put((byte) 0x28).array())
            .bytes(),
        "not valid UTF-8");
    refuse(
        new GgufBytes().raw("k", 10, GgufBytes.le(8).putLong(-1).array()).bytes(),
        "more than 63 bits");
    refuse(new GgufBytes().key("k", 1).key("k", 2).bytes(), "has two keys 'k'");
    refuse(
        new GgufBytes().key("general.alignment", 0).bytes(),
        "key 'general.alignment' is 0, expected a power of two");
    refuse(new GgufBytes().key("general.alignment", 48).bytes(), "is 48");
  }

  @Test
  void tensorsAreChecked() throws IOException {
    byte[] eight = new byte[32];
    refuse(one(17, eight, 0, 8), "tensor 't' has number type 17, expected one of F32");
    refuse(one(-1, eight, 0, 8), "number type 4294967295");
    refuse(one(2, eight, 0, 8), "is Q4_0 with rows of 8 values, expected a multiple of 32");
    refuse(one(0, eight, 0, 8, 1, 1, 1, 1), "has 5 axes, expected 0 to 4");
    refuse(one(0, eight, 0, -8), "has an axis of 18446744073709551608");
    refuse(one(0, eight, 0, 1 << 30, 1 << 30, 1 << 30), "overflows 64 bits");
    refuse(one(0, eight, 0, 9), "tensor 't' ends at byte 36 of the data, but the file has only 32");
    refuse(one(0, eight, 8, 2), "begins at byte 8 of the data, expected a multiple of 32");
    refuse(one(0, eight, -32, 2), "begins at byte 18446744073709551584");
    refuse(one(0, eight, Long.MAX_VALUE - 31, 2), "ends at byte");
    refuse(
        new GgufBytes()
            .tensor("a", 0, new long[] {8}, eight, 0)
            .tensor("b", 0, new long[] {8}, eight, 0)
            .bytes(),
        "within the tensor before it, which ends at 32");
    refuse(
        new GgufBytes()
            .tensor("a", 0, new long[] {8}, eight, 0)
            .tensor("a", 0, new long[] {8}, eight, 32)
            .bytes(),
        "two tensors called 'a'");
  }

  private static byte[] one(int type, byte[] data, long offset, long... axes) {
    return new GgufBytes()
        .tensor("t", type, axes, offset == 0 ? data : new byte[64], offset == 0 ? 0 : offset)
        .bytes();
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] whole = new GgufBytes().key("k", List.of("a", "b")).floats("w", new float[8], 8).bytes();
    for (int length = 0; length < whole.length; length++) {
      refuse(Arrays.copyOf(whole, length), "");
    }
  }

  private static byte[] changed(byte[] bytes, UnaryOperator<byte[]> change) {
    return change.apply(bytes.clone());
  }

  private static byte[] set(byte[] bytes, int at, long value) {
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
    return bytes;
  }

  private void refuse(byte[] content, String reason) throws IOException {
    Path file = Files.write(folder.resolve("bad.gguf"), content);
    String message =
        assertThrows(BadFileException.class, () -> GgufFile.open(file).close()).getMessage();
    assertTrue(message.startsWith(file.toString()) && message.contains(reason), message);
    assertEquals(1, message.lines().count(), message);
  }
}
