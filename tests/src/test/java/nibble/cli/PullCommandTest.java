package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.hub.TestHub;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command in a process of its own, because it reads environment variables and has to survive
 * signals.
 */
class PullCommandTest {
  private static final byte[] WEIGHTS = new byte[200_000];

  static {
    new Random(3).nextBytes(WEIGHTS);
  }

  @TempDir Path home;

  private Process start(TestHub hub, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "nibble.cli.Main",
                "pull",
                "org/name"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("HF_") || name.startsWith("XDG_"));
    builder
        .environment()
        .putAll(
            Map.of(
                "HF_ENDPOINT",
                hub.endpoint(),
                "HF_HOME",
                home.toString(),
                "HF_TOKEN",
                TestHub.TOKEN));
    return builder.start();
  }

  private static String finish(Process process, int status)
      throws IOException, InterruptedException {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(status, process.exitValue(), err);
    assertFalse((out + err).contains(TestHub.TOKEN), "the token is shown");
    return status == ExitStatus.DONE ? out : err;
  }

  @Test
  void anInterruptedDownloadIsContinued() throws Exception {
    try (TestHub hub = new TestHub().file("config.json", "{}").file("model.safetensors", WEIGHTS)) {
      hub.spoil("model.safetensors", new TestHub.Fault.Stall(70_000, 600_000));
      Process first = start(hub);
      Path partial =
          home.resolve("hub/models--org--name/blobs")
              .resolve(TestHub.hash(WEIGHTS) + ".incomplete");
      for (int i = 0; i < 1200 && !(Files.exists(partial) && Files.size(partial) == 70_000); i++) {
        Thread.sleep(50);
      }
      first.destroy();
      first.waitFor();
      assertEquals(70_000, Files.size(partial));

      JsonObject result = Json.parseObject("stdout", finish(start(hub, "--json"), ExitStatus.DONE));
      assertEquals("bytes=70000-", hub.downloads("model.safetensors").getLast().range());
      assertEquals(130_000, result.integer("downloaded_bytes"));
      assertEquals(200_002, result.integer("bytes"));
      assertEquals(TestHub.COMMIT, result.string("commit"));
      assertEquals(
          List.of("config.json", "model.safetensors"),
          List.of(
              result.array("files").object(0).string("name"),
              result.array("files").object(1).string("name")));
      Path folder = Path.of(result.string("folder"));
      assertEquals(200_000, Files.size(folder.resolve("model.safetensors")));

      int requests = hub.requests().size();
      assertTrue(finish(start(hub, "--offline"), ExitStatus.DONE).endsWith(folder + "\n"));
      assertEquals(requests, hub.requests().size());
    }
  }

  @Test
  void failuresAreOneLine() throws Exception {
    try (TestHub hub = new TestHub().file("config.json", "{}")) {
      hub.spoil("", new TestHub.Fault.Status(403, Map.of("X-Error-Code", "GatedRepo")));
      String err = finish(start(hub, "--quiet"), ExitStatus.FAILURE);
      assertEquals(
          "nibble: org/name: access is restricted (status 403); accept the conditions at %s/org/name with the account of HF_TOKEN"
              .formatted(hub.endpoint()),
          err.strip());
    }
    CommandLineRun.of("pull", "not a name")
        .failed(ExitStatus.USAGE, "not a model name like 'org/name'");
    CommandLineRun.of("pull", "org/name", "--revision", "../x")
        .failed(ExitStatus.USAGE, "../x: not a branch, tag or commit");
  }
}
