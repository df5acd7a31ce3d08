package nibble.kernels;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Compiled kernels return the bits that interpreted ones return: without that, no training run
 * could be repeated.
 */
class KernelBitsTest {
  private static final int CALLS = 6000;
  private static final int CHECK_EVERY = 500;

  /** Prints what each kernel returns, in an interpreter that never compiles. */
  static final class Interpreted {
    private Interpreted() {}

    public static void main(String[] args) {
      hashes().forEach((name, hash) -> System.out.println(name + "=" + hash));
    }
  }

  @Test
  void everyContractHasAKernelThatRuns() {
    KernelCalls.all().forEach((name, call) -> assertTrue(call.get().length > 0, name));
  }

  @Test
  void compilationDoesNotChangeBits() throws Exception {
    Map<String, Integer> expected = interpreted();
    assertEquals(expected.keySet(), KernelCalls.all().keySet());
    assertAll(
        KernelCalls.all().entrySet().stream()
            .map(
                entry ->
                    () -> {
                      for (int i = 0; i < CALLS; i++) {
                        float[] result = entry.getValue().get();
                        if (i % CHECK_EVERY == 0) {
                          assertEquals(
                              expected.get(entry.getKey()),
                              Arrays.hashCode(result),
                              entry.getKey() + ", call " + i);
                        }
                      }
                    }));
  }

  private static Map<String, Integer> hashes() {
    Map<String, Integer> hashes = new LinkedHashMap<>();
    KernelCalls.all().forEach((name, call) -> hashes.put(name, Arrays.hashCode(call.get())));
    return hashes;
  }

  /** The same kernels in a forked Java with the same options. */
  private static Map<String, Integer> interpreted() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("--add-modules") || argument.startsWith("-Dnibble.vector")) {
        command.add(argument);
      }
    }
    command.addAll(
        List.of(
            "-Xint", "-cp", System.getProperty("java.class.path"), Interpreted.class.getName()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Map<String, Integer> hashes = new LinkedHashMap<>();
    for (String line :
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList()) {
      int equals = line.lastIndexOf('=');
      hashes.put(line.substring(0, equals), Integer.parseInt(line.substring(equals + 1)));
    }
    assertEquals(0, process.waitFor());
    return hashes;
  }
}
