package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import nibble.cli.terminal.ExitStatus;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Quantizing holds one layer in float at a time: a model whose head is most of it, in a Java with
 * little heap.
 */
class QuantizeMemoryTest {
  private static final int WORDS = 100_000;
  private static final int WIDTH = 64;
  private static final int HEAD_MEGABYTES = 4 * WORDS * WIDTH >> 20;

  @TempDir static Path temp;
  private static Path model;

  @BeforeAll
  static void writeModel() throws IOException {
    model = TinyTextFolders.wideHead(temp.resolve("model"), WIDTH, WORDS);
  }

  /**
   * The head in F32 and its codes, a byte each; the rest of the heap is for Java and the command.
   */
  @Test
  void roundingNeedsOneLayerInFloat() throws Exception {
    quantizes(HEAD_MEGABYTES * 5 / 4 + 40, "rtn", "W4A16 g16", List.of());
  }

  /** Also with inputs of the head measured and its output error: no logits, no copies. */
  @Test
  void gptqNeedsNoMore() throws Exception {
    Path text = Files.writeString(temp.resolve("text"), "a few words of some text ".repeat(40));
    List<String> calibration = new ArrayList<>(List.of("--calibration", text.toString()));
    calibration.addAll(List.of("--calibration-samples", "4", "--calibration-window", "32"));
    quantizes(HEAD_MEGABYTES * 5 / 4 + 50, "gptq", "W4A16", calibration);
  }

  private static void quantizes(int megabytes, String method, String scheme, List<String> more)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"));
    command.addAll(List.of("-Xmx" + megabytes + "m", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("quantize", model.toString(), "--method", method, "--scheme", scheme));
    command.addAll(List.of("--threads", "1", "--quiet"));
    command.addAll(List.of("--out", temp.resolve(method).toString()));
    command.addAll(more);
    Path log = temp.resolve(method + ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), "still running");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(ExitStatus.DONE, process.exitValue(), Files.readString(log));
  }
}
