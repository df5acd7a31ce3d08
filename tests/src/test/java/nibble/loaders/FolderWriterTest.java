package nibble.loaders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import nibble.loaders.FolderWriter.Existing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderWriterTest {
  @TempDir Path parent;

  private List<String> names(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theFolderAppearsAtTheCommit() throws IOException {
    Path target = parent.resolve("new/out");
    Path source = Files.writeString(parent.resolve("b.txt"), "b");
    try (FolderWriter out = FolderWriter.create(target, Existing.REFUSE)) {
      Files.writeString(out.file("a.txt"), "a");
      out.copy(source);
      assertFalse(Files.exists(target));
      out.commit();
      assertThrows(IllegalArgumentException.class, () -> out.file("late"));
    }
    assertEquals(List.of("a.txt", "b.txt"), names(target));
    assertEquals(List.of("out"), names(target.getParent()));
  }

  @Test
  void withoutACommitNothingIsLeft() throws IOException {
    try (FolderWriter out = FolderWriter.create(parent.resolve("out"), Existing.REFUSE)) {
      Files.writeString(out.file("a.txt"), "a");
      for (String name : List.of("../x", "a/b", "", "..", ".")) {
        assertThrows(IllegalArgumentException.class, () -> out.file(name), name);
      }
    }
    assertEquals(List.of(), names(parent));
  }

  @Test
  void aFilledTargetIsRefusedOrReplaced() throws IOException {
    Path target = Files.createDirectory(parent.resolve("out"));
    try (FolderWriter out = FolderWriter.create(target, Existing.REFUSE)) {
      out.commit(); // empty: fine
    }
    Files.writeString(target.resolve("old.txt"), "old");
    String message =
        assertThrows(WriteFailedException.class, () -> FolderWriter.create(target, Existing.REFUSE))
            .getMessage();
    assertTrue(
        message.startsWith(target + ": cannot be written: the folder exists and is not empty"),
        message);
    try (FolderWriter out = FolderWriter.create(target, Existing.REPLACE)) {
      Files.writeString(out.file("new.txt"), "new");
      assertEquals(List.of("old.txt"), names(target));
      out.commit();
    }
    assertEquals(List.of("new.txt"), names(target));
    assertThrows(
        WriteFailedException.class,
        () -> FolderWriter.create(target.resolve("new.txt"), Existing.REPLACE));
    assertEquals(List.of("out"), names(parent));
  }

  @Test
  void aTargetFilledMeanwhileIsKept() throws IOException {
    Path target = parent.resolve("out");
    try (FolderWriter out = FolderWriter.create(target, Existing.REFUSE)) {
      Files.createDirectory(target);
      Files.writeString(target.resolve("other.txt"), "x");
      assertThrows(WriteFailedException.class, out::commit);
    }
    assertEquals(List.of("other.txt"), names(target));
    assertEquals(List.of("out"), names(parent));
  }

  @Test
  void aMoveIsWholeAlthoughTheProcessEndsMeanwhile() throws Exception {
    Path temporary = Files.createDirectory(parent.resolve("partial"));
    Path target = parent.resolve("out");
    Files.writeString(temporary.resolve("a.txt"), "a");
    Cleanup cleanup = Cleanup.of(temporary);
    Thread[] ending = new Thread[1];
    cleanup.keep(
        () -> {
          ending[0] = Thread.ofPlatform().start(cleanup::close);
          while (ending[0].getState() != Thread.State.BLOCKED) {
            Thread.onSpinWait();
          }
          Files.move(temporary, target);
        });
    ending[0].join();
    assertEquals(List.of("a.txt"), names(target));
    Cleanup late = Cleanup.of(temporary);
    late.close();
    assertThrows(IOException.class, () -> late.keep(() -> Files.createDirectory(temporary)));
    assertEquals(List.of("out"), names(parent));
  }

  /** Starts writing and waits to be interrupted. */
  static final class Waiting {
    private Waiting() {}

    public static void main(String[] arguments) throws Exception {
      FolderWriter out = FolderWriter.create(Path.of(arguments[0]), Existing.REFUSE);
      Files.writeString(out.file("a.txt"), "a");
      System.out.println("ready");
      Thread.sleep(60_000);
      out.close();
    }
  }

  @Test
  void anInterruptedProcessLeavesNothing() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Waiting.class.getName(),
                parent.resolve("out").toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      assertEquals("ready", out.readLine());
      assertEquals(1, names(parent).size());
      process.destroy();
      assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    } finally {
      process.destroyForcibly();
    }
    assertEquals(List.of(), names(parent));
  }
}
