package nibble.loaders.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.loaders.BadFileException;
import nibble.loaders.FolderWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompanionFilesTest {
  @TempDir private Path temp;
  private Path from;
  private Path to;

  @BeforeEach
  void folders() throws IOException {
    from = Files.createDirectories(temp.resolve("from"));
    to = temp.resolve("to");
  }

  private void copy() {
    try (FolderWriter writer = FolderWriter.create(to, FolderWriter.Existing.REFUSE)) {
      CompanionFiles.copy(from, writer);
      writer.commit();
    }
  }

  private void modules(String... paths) throws IOException {
    StringBuilder json = new StringBuilder();
    for (String path : paths) {
      json.append(json.isEmpty() ? "" : ",").append("{\"path\": \"").append(path).append("\"}");
    }
    Files.writeString(from.resolve("modules.json"), "[" + json + "]");
  }

  @Test
  void modulesWithoutFilesHaveNoFolderInASnapshot() throws IOException {
    Files.writeString(
        Files.createDirectories(from.resolve("1_Pooling")).resolve("config.json"), "{}");
    modules("", "1_Pooling", "2_Normalize");
    copy();
    assertEquals("{}", Files.readString(to.resolve("1_Pooling/config.json")));
    assertTrue(Files.exists(to.resolve("modules.json")));
    assertFalse(Files.exists(to.resolve("2_Normalize")));
  }

  @Test
  void aModuleOutsideTheFolderIsRefused() throws IOException {
    modules("../elsewhere");
    assertTrue(
        String.valueOf(assertThrows(BadFileException.class, this::copy).getMessage())
            .contains("'../elsewhere'"));
  }
}
