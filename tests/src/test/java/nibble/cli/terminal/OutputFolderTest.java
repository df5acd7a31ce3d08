package nibble.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
  @TempDir private Path place;

  @Test
  void theTargetAppearsOnlyAtTheEnd() throws IOException {
    Path target = place.resolve("a/model");
    try (OutputFolder folder = OutputFolder.create(target)) {
      Files.writeString(folder.path().resolve("x"), "1");
      assertFalse(Files.exists(target));
      folder.commit();
    }
    assertEquals("1", Files.readString(target.resolve("x")));
    assertEquals(1, count(place.resolve("a")));
  }

  @Test
  void withoutCommitNothingStays() throws IOException {
    try (OutputFolder folder = OutputFolder.create(place.resolve("model"))) {
      Files.createDirectories(folder.path().resolve("deep/deeper"));
      Files.writeString(folder.path().resolve("deep/deeper/x"), "1");
    }
    assertEquals(0, count(place));
  }

  @Test
  void anEmptyFolderMayBeTheTarget() throws IOException {
    Path target = Files.createDirectory(place.resolve("model"));
    try (OutputFolder folder = OutputFolder.create(target)) {
      Files.writeString(folder.path().resolve("x"), "1");
      folder.commit();
    }
    assertTrue(Files.exists(target.resolve("x")));
  }

  @Test
  void whatExistsIsNotOverwritten() throws IOException {
    Path full = Files.createDirectory(place.resolve("full"));
    Files.writeString(full.resolve("x"), "1");
    assertTrue(assertThrows(CommandFailure.class, () -> OutputFolder.create(full)).getMessage().contains("not empty"));
    assertTrue(assertThrows(CommandFailure.class, () -> OutputFolder.create(full.resolve("x"))).getMessage().contains("is a file"));
    assertThrows(CommandFailure.class, () -> OutputFolder.create(full.resolve("x/y")));
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.count();
    }
  }
}
