package nibble.loaders.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import nibble.loaders.BadFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
  @TempDir Path home;

  @Test
  void foldersAreTakenAsTheyAre() {
    assertEquals(home, ModelFolder.resolve(home.toString(), HubCache.of(Map.of(), home)));
  }

  @Test
  void cacheIsWhereTheEnvironmentSays() {
    assertEquals(home.resolve(".cache/huggingface/hub"), HubCache.of(Map.of(), home).root());
    assertEquals(
        Path.of("/x/huggingface/hub"), HubCache.of(Map.of("XDG_CACHE_HOME", "/x"), home).root());
    assertEquals(
        Path.of("/h/hub"),
        HubCache.of(Map.of("HF_HOME", "/h", "XDG_CACHE_HOME", "/x"), home).root());
    assertEquals(
        Path.of("/c"), HubCache.of(Map.of("HF_HUB_CACHE", "/c", "HF_HOME", "/h"), home).root());
    assertEquals(home.resolve("h/hub"), HubCache.of(Map.of("HF_HOME", "~/h"), home).root());
  }

  @Test
  void namesAreLookedUpInTheCache() throws IOException {
    Path repository = home.resolve(".cache/huggingface/hub/models--org--name.v1");
    assertError(
        "not in the hub cache: "
            + repository.resolve("refs/main")
            + " does not exist; download it with 'nibble pull org/name.v1'");
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), "0123abc\n");
    assertError("does not exist; download it again");
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/0123abc"));
    assertEquals(snapshot, ModelFolder.resolve("org/name.v1", HubCache.of(Map.of(), home)));
    Files.writeString(repository.resolve("refs/main"), "../../..");
    assertError("does not hold a revision");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a/b/c",
        "../x/y",
        "/no/such",
        "a/..",
        "a b/c",
        "./no",
        "org/",
        "a--b/c",
        "x\u0000y",
        "a/b@",
        "a/b@../x",
        "a/b@c@d"
      })
  void otherTextIsRejected(String model) {
    String message =
        assertThrows(
                BadFileException.class,
                () -> ModelFolder.resolve(model, HubCache.of(Map.of(), home)))
            .getMessage();
    assertTrue(message.contains("no such folder, and not a model name like 'org/name'"), message);
  }

  private void assertError(String part) {
    String message =
        assertThrows(
                BadFileException.class,
                () -> ModelFolder.resolve("org/name.v1", HubCache.of(Map.of(), home)))
            .getMessage();
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }
}
