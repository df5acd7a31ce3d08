package nibble.cli.terminal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * This program in a process of its own, started with the same Java, the same class or module path
 * and the same heap limit: for measurements that must not disturb each other, such as peak memory.
 */
public final class Self {
  private static final String MAIN = "nibble.cli.Main";

  private Self() {}

  /**
   * Runs a command and returns what it printed to stdout. Its stderr goes to this process's.
   *
   * @throws CommandFailure if it ends with another status than 0
   */
  public static String run(List<String> arguments) {
    List<String> command = new ArrayList<>(java());
    command.addAll(arguments);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      Thread hook = new Thread(process::destroy, "stop " + process.pid());
      Runtime.getRuntime().addShutdownHook(hook);
      String output;
      try (InputStream out = process.getInputStream()) {
        output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      int status = process.waitFor();
      Runtime.getRuntime().removeShutdownHook(hook);
      if (status != ExitStatus.DONE) {
        throw CommandFailure.failed(
            "nibble " + String.join(" ", arguments) + ": ended with status " + status);
      }
      return output;
    } catch (IOException e) {
      throw CommandFailure.failed(
          "cannot start a process for nibble " + arguments.getFirst() + ": " + Reasons.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.failed("interrupted while waiting for nibble " + arguments.getFirst());
    }
  }

  private static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UseSerialGC");
    command.add("-Xmx" + Runtime.getRuntime().maxMemory());
    addProperty(command, "nibble.home");
    addProperty(command, "nibble.vector");
    addProperty(command, "nibble.vector.bits");
    String modulePath = System.getProperty("jdk.module.path");
    if (modulePath != null && Self.class.getModule().isNamed()) {
      command.addAll(List.of("-p", modulePath, "-m", "nibble.cli/" + MAIN));
    } else {
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
        command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
      }
      command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    }
    return command;
  }

  private static void addProperty(List<String> command, String key) {
    @Nullable String value = System.getProperty(key);
    if (value != null) {
      command.add("-D" + key + "=" + value);
    }
  }
}
