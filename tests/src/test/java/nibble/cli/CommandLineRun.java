package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;

/**
 * One command run in this process.
 *
 * @param status exit status
 * @param out what went to stdout
 * @param err what went to stderr
 */
record CommandLineRun(int status, String out, String err) {
  static CommandLineRun of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), args);
    return new CommandLineRun(status, out.toString(), err.toString());
  }

  /** The result of a command that must succeed. */
  String done() {
    assertEquals(ExitStatus.DONE, status, err);
    return out;
  }

  JsonObject json() {
    return Json.parseObject("stdout", done());
  }

  /**
   * Checks that the command printed no result, ended with {@code expected}, and that its last line
   * on stderr says {@code part}.
   */
  void failed(int expected, String part) {
    assertEquals(expected, status, err);
    assertEquals("", out);
    String last = err.lines().reduce("", (a, b) -> b);
    assertTrue(
        last.startsWith("nibble: ") && last.contains(part), err + "\nshould contain\n" + part);
    assertEquals(1, err.lines().filter(line -> line.startsWith("nibble: ")).count(), err);
  }
}
