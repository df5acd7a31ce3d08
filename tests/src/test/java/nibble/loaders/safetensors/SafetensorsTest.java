package nibble.loaders.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.loaders.WriteFailedException;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void everyDtypeSurvivesWritingAndReading(DType dtype) {
    Path file = folder.resolve("a.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = Tensor.allocate(arena, dtype, 3, 5);
      for (long i = 0; i < tensor.byteSize(); i++) {
        tensor.segment().set(ValueLayout.JAVA_BYTE, i, (byte) (i * 37 + 1));
      }
      SafetensorsWriter.write(file, Map.of("x", tensor), Map.of());
      try (Safetensors read = Safetensors.open(file)) {
        assertEquals(dtype, read.tensor("x").dtype());
        assertEquals(Shape.of(3, 5), read.tensor("x").shape());
        assertEquals(-1, read.tensor("x").segment().mismatch(tensor.segment()));
      }
    }
  }

  @Test
  void theReferenceLayoutIsWritten() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.of(new float[] {1, 2}, 2));
    tensors.put("c", Tensor.of(new float[] {1}, 1).to(DType.U8));
    tensors.put("a", Tensor.scalar(3));
    tensors.put("z", Tensor.of(new float[] {-1}, 1).to(DType.I64));
    tensors.put("e", Tensor.zeros(0, 4));
    Path file = folder.resolve("a.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt", "by", "test"));
    byte[] bytes = Files.readAllBytes(file);
    String header =
        "{\"__metadata__\":{\"by\":\"test\",\"format\":\"pt\"},\"z\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]},"
            + "\"e\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[20,20]},\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[20,21]}}";
    int length = (header.length() + 7) / 8 * 8;
    assertEquals(
        header + " ".repeat(length - header.length()),
        new String(bytes, 8, length, java.nio.charset.StandardCharsets.UTF_8));
    assertEquals(8 + length + 21, bytes.length);
    try (Safetensors read = Safetensors.open(file)) {
      assertEquals(List.of("z", "a", "b", "e", "c"), List.copyOf(read.names()));
      assertEquals(Map.of("by", "test", "format", "pt"), read.metadata());
      assertEquals(3, read.tensor("a").item());
      assertEquals(-1, read.tensor("z").item());
      assertEquals(0, read.tensor("e").toFloats().length);
      assertArrayEquals(new float[] {1, 2}, read.tensor("b").toF32().array());
      assertEquals(21, read.byteSize());
      String message = assertThrows(BadFileException.class, () -> read.tensor("none")).getMessage();
      assertEquals(file + ": tensor 'none' is missing (the file has 5 tensors)", message);
    }
  }

  @Test
  void stridedAndOffsetViewsAreWrittenInTheirOwnOrder() {
    Tensor matrix = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Path file = folder.resolve("a.safetensors");
    SafetensorsWriter.write(
        file, Map.of("t", matrix.transposed(0, 1), "r", matrix.row(1)), Map.of());
    try (Safetensors read = Safetensors.open(file)) {
      assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, read.tensor("t").toFloats());
      assertArrayEquals(new float[] {4, 5, 6}, read.tensor("r").toFloats());
    }
  }

  @Test
  void largeTensorsAreWrittenInChunks() {
    float[] data = new float[700_001];
    for (int i = 0; i < data.length; i++) {
      data[i] = i;
    }
    Path file = folder.resolve("a.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of("x", Tensor.of(data, data.length), "y", Tensor.of(new float[] {7}, 1)),
        Map.of());
    try (Safetensors read = Safetensors.open(file)) {
      assertArrayEquals(data, read.tensor("x").toFloats());
      assertEquals(7, read.tensor("y").item());
    }
  }

  @Test
  void headersOfOtherWritersAreRead() throws IOException {
    String header =
        "{\"b\":{\"shape\":[0],\"dtype\":\"F32\",\"data_offsets\":[0,0],\"extra\":{\"k\":[1]}},\"a\":{\"data_offsets\":[0,3],\"dtype\":\"I8\",\"shape\":[3]},\"\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[3,4]}}"
            + "  \n";
    try (Safetensors read =
        Safetensors.open(HostileFile.write(folder, HostileFile.bytes(header, 4)))) {
      assertEquals(List.of("b", "a", ""), List.copyOf(read.names()));
    }
    try (Safetensors read =
        Safetensors.open(HostileFile.write(folder, HostileFile.bytes("{}", 0)))) {
      assertTrue(read.tensors().isEmpty());
    }
  }

  @Test
  void tensorsEndWithTheirFile() {
    Path file = folder.resolve("a.safetensors");
    SafetensorsWriter.write(file, Map.of("x", Tensor.scalar(1)), Map.of());
    Safetensors read = Safetensors.open(file);
    Tensor x = read.tensor("x");
    Tensor copy = x.toF32();
    assertTrue(x.segment().isReadOnly());
    read.close();
    read.close();
    assertThrows(IllegalStateException.class, x::item);
    assertEquals(1, copy.item());
  }

  @Test
  void failureLeavesNothingBehind() throws IOException {
    Path file = folder.resolve("a.safetensors");
    Files.writeString(file, "old");
    TensorSource broken =
        new TensorSource(
            "x",
            DType.F32,
            Shape.of(1),
            () -> {
              throw new IllegalStateException("broken source");
            });
    TensorSource wrong = new TensorSource("x", DType.F32, Shape.of(2), () -> Tensor.scalar(1));
    assertThrows(
        IllegalStateException.class,
        () -> SafetensorsWriter.write(file, List.of(broken), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(file, List.of(wrong), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(file, Map.of("__metadata__", Tensor.scalar(1)), Map.of()));
    assertEquals("old", Files.readString(file));
    try (var entries = Files.list(folder)) {
      assertEquals(List.of(file), entries.toList());
    }
    Path nowhere = folder.resolve("none/a.safetensors");
    String message =
        assertThrows(
                WriteFailedException.class,
                () -> SafetensorsWriter.write(nowhere, Map.of("x", Tensor.scalar(1)), Map.of()))
            .getMessage();
    assertTrue(message.startsWith(nowhere + ": cannot be written: the folder of "), message);
    assertThrows(
        WriteFailedException.class, () -> SafetensorsWriter.write(folder, Map.of(), Map.of()));
  }

  @Test
  void publishedCheckpointsAreRead() {
    for (String name :
        List.of(
            "vit/deit-tiny-patch16-224",
            "bert/bert-mini-sts-local",
            "llm/stories260k",
            "small/resnet20-cifar10")) {
      try (Safetensors read = Safetensors.open(SharedData.require(name + "/model.safetensors"))) {
        assertTrue(read.tensors().size() > 10);
        read.tensors().values().forEach(Tensor::toFloats);
      }
    }
  }
}
