package nibble.loaders.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import nibble.loaders.BadFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsHostileTest {
  @TempDir Path folder;

  /** Single quotes stand for double quotes; every file has 8 bytes of data. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}|takes 12 bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,9]}}|hold 9",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}|dimension -2",
        "{'a':{'dtype':'F32','shape':[-2,-1],'data_offsets':[0,8]}}|dimension -2",
        "{'a':{'dtype':'F32','shape':[4294967298],'data_offsets':[0,8]}}|dimension 4294967298",
        "{'a':{'dtype':'U8','shape':[2147483647,2147483647,4],'data_offsets':[0,8]}}|overflows 64"
            + " bits",
        "{'a':{'dtype':'U8','shape':[65536,65536,65536,65536],'data_offsets':[0,8]}}|overflows 64"
            + " bits",
        "{'a':{'dtype':'F64','shape':[65536,65536,65536,8192],'data_offsets':[0,8]}}|overflows 64"
            + " bits",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}}|more than 64"
            + " bits",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}|expected an integer",
        "{'a':{'dtype':'F32','shape':'2','data_offsets':[0,8]}}|expected an array",
        "{'a':{'dtype':'F32','shape':[[2]],'data_offsets':[0,8]}}|expected an integer",
        "{'a':{'dtype':'U64','shape':[1],'data_offsets':[0,8]}}|dtype 'U64', expected one of",
        "{'a':{'dtype':'f32','shape':[2],'data_offsets':[0,8]}}|dtype 'f32'",
        "{'a':{'dtype':7,'shape':[2],'data_offsets':[0,8]}}|expected a string",
        "{'a':{'shape':[2],'data_offsets':[0,8]}}|has no 'dtype'",
        "{'a':{'dtype':'F32','data_offsets':[0,8]}}|has no 'shape'",
        "{'a':{'dtype':'F32','shape':[2]}}|has no 'data_offsets'",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}}|expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}|expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}|expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}}|expected [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-9223372036854775808,9223372036854775807]}}|expected"
            + " [begin, end]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,16]}}|begins at byte 8",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}|may be truncated",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|last tensor ends at byte 4",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|begins"
            + " at byte 0",
        "{'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]},'b':{'dtype':'U8','shape':[5],'data_offsets':[3,8]}}|begins"
            + " at byte 3",
        "{'a':{'dtype':'U8','shape':[5],'data_offsets':[0,5]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}|begins"
            + " at byte 4",
        "{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},'b':{'dtype':'U8','shape':[0],'data_offsets':[4,4]}}|begins"
            + " at byte 4",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|Duplicate",
        "{'a':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}}|Duplicate",
        "{'__metadata__':{'x':'1','x':'2'},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|Duplicate",
        "{'__metadata__':{'x':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|expected a"
            + " string",
        "{'__metadata__':[],'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|expected an"
            + " object",
        "{'__metadata__':null,'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|expected an"
            + " object",
        "{'a':[]}|expected an object",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]|not valid JSON",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}x|not valid JSON",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}{}|after the end",
        "{'a':{'x':[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}|larger than allowed",
        "{'\\ud800':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|surrogate",
        "~ {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}~|does not begin with",
        "[]|does not begin with",
        "{}|has 8 bytes of data"
      })
  void headerIsRejected(String header, String reason) throws IOException {
    assertRejected(HostileFile.bytes(header.replace('\'', '"'), 8), reason);
  }

  @Test
  void announcedLengthIsChecked() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
    assertRejected(new byte[0], "has 0 bytes, expected at least 8");
    assertRejected(new byte[7], "has 7 bytes, expected at least 8");
    assertRejected(HostileFile.bytes(0, new byte[0], 0), "does not begin with");
    assertRejected(HostileFile.bytes(3, header, 0), "but only 2 follow");
    assertRejected(HostileFile.bytes(100_000_001, header, 0), "allowed are 100000000");
    assertRejected(HostileFile.bytes(-1, header, 0), "18446744073709551615 bytes");
    assertRejected(HostileFile.bytes(Long.MIN_VALUE, header, 0), "allowed are");
    assertRejected(
        "<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8), "not a safetensors file");
  }

  @Test
  void invalidUtf8IsRejected() throws IOException {
    byte[] header =
        "{\"a?\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
            .getBytes(StandardCharsets.UTF_8);
    header[3] = (byte) 0xC3;
    assertRejected(HostileFile.bytes(header, 8), "not valid UTF-8");
    header[3] = 0;
    assertRejected(HostileFile.bytes(header, 8), "not valid JSON");
    byte[] utf16 = "{}".getBytes(StandardCharsets.UTF_16LE);
    assertRejected(HostileFile.bytes(utf16, 0), "not valid JSON");
  }

  @Test
  void everyTruncationIsRejected() throws IOException {
    byte[] whole =
        HostileFile.bytes("{\"a\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[0,4]}}", 4);
    for (int length : IntStream.range(0, whole.length).toArray()) {
      assertRejected(Arrays.copyOf(whole, length), "");
    }
    assertRejected(Arrays.copyOf(whole, whole.length + 1), "but the file has 5 bytes of data");
  }

  @Test
  void namesCannotBreakTheLine() throws IOException {
    String header =
        "{\"a\\nb\\u001b[31m\\u2028\":{\"dtype\":\"X\",\"shape\":[],\"data_offsets\":[0,8]}}";
    assertRejected(HostileFile.bytes(header, 8), "tensor 'a b\\u001b[31m\\u2028' has dtype 'X'");
    String longName = "x".repeat(40_000);
    assertRejected(
        HostileFile.bytes(
            "{\"" + longName + "\":{\"dtype\":\"X\",\"shape\":[],\"data_offsets\":[0,8]}}", 8),
        "xxx ...");
  }

  @Test
  void missingFilesAndFoldersAreNamed() {
    Path missing = folder.resolve("none.safetensors");
    assertEquals(
        missing + ": no such file",
        assertThrows(BadFileException.class, () -> Safetensors.open(missing)).getMessage());
    assertTrue(
        assertThrows(BadFileException.class, () -> Safetensors.open(folder))
            .getMessage()
            .contains("not a regular file"));
  }

  private void assertRejected(byte[] content, String reason) throws IOException {
    Path file = HostileFile.write(folder, content);
    String message =
        assertThrows(BadFileException.class, () -> Safetensors.open(file).close()).getMessage();
    assertTrue(message.startsWith(file.toString()) && message.contains(reason), message);
    assertTrue(
        message.length() < 1000 && message.chars().noneMatch(Character::isISOControl), message);
    Files.delete(file);
  }
}
