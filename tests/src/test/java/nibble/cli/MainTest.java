package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.ExitStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
  @TempDir private Path place;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpAndVersionGoToStandardOutput() {
    assertEquals(ExitStatus.DONE, run("--help"));
    assertTrue(out.toString().startsWith("Usage: nibble"));
    assertEquals(ExitStatus.DONE, run("images", "--version"));
    assertTrue(out.toString().contains("nibble 0."));
    assertTrue(err.toString().isEmpty());
  }

  @Test
  void everyCommandHasTheCommonOptions() {
    for (String command : new picocli.CommandLine(new Main()).getSubcommands().keySet()) {
      StringWriter help = new StringWriter();
      assertEquals(
          ExitStatus.DONE,
          Main.run(new PrintWriter(help), new PrintWriter(err), command, "--help"));
      for (String option :
          List.of("--json", "--threads", "--seed", "--quiet", "--stacktrace", "--version")) {
        assertTrue(help.toString().contains(option), command + " " + option);
      }
    }
  }

  @Test
  void wrongUsageIsOneLineAndStatusTwo() {
    for (String[] args :
        new String[][] {
          {},
          {"nonsense"},
          {"images"},
          {"images", "--out", "x", "--count", "0"},
          {"images", "--out", "x", "--count", "many"}
        }) {
      err.getBuffer().setLength(0);
      assertEquals(ExitStatus.USAGE, run(args));
      assertOneErrorLine();
    }
    assertTrue(out.toString().isEmpty());
  }

  @Test
  void misspelledWordsAreRecognized() {
    assertEquals(ExitStatus.USAGE, run("clasify"));
    assertEquals(ExitStatus.USAGE, run("images", "--out", "x", "--cuont", "3"));
    assertEquals(ExitStatus.USAGE, run("methods", "gptq", "extra"));
    assertEquals(
        """
        nibble: unknown command 'clasify', did you mean classify?; see 'nibble --help'
        nibble: unknown option '--cuont', did you mean --count?; see 'nibble images --help'
        nibble: one argument too many: 'extra'; see 'nibble methods --help'
        """,
        err.toString());
  }

  @Test
  void aFailureIsOneLineUnlessTheStackTraceIsWanted() throws IOException {
    Files.writeString(place.resolve("file"), "");
    assertEquals(ExitStatus.FAILURE, run("images", "--out", place.resolve("file").toString()));
    assertOneErrorLine();
    assertEquals(
        ExitStatus.FAILURE,
        run("images", "--stacktrace", "--out", place.resolve("file").toString()));
    assertTrue(err.toString().contains("\tat nibble.loaders."));
  }

  @Test
  void errorsOfTheMachineHaveWordsOfTheirOwn() {
    assertEquals(
        ExitStatus.FAILURE,
        Failures.report(new OutOfMemoryError("Java heap space"), new PrintWriter(err), false));
    assertTrue(err.toString().startsWith("nibble: out of memory"), err.toString());
    assertEquals(
        ExitStatus.GATE_MISSED,
        Failures.report(
            CommandFailure.gateMissed("top-1 below\n the gate"), new PrintWriter(err), false));
    assertTrue(err.toString().endsWith("nibble: top-1 below; the gate\n"));
  }

  @Test
  void aClosedReaderIsSilentAndAFullDiskIsNot() {
    assertEquals(
        ExitStatus.FAILURE,
        Failures.resultNotWritten(
            new IOException("Broken pipe"), ExitStatus.DONE, new PrintWriter(err)));
    assertTrue(err.toString().isEmpty());
    assertEquals(
        ExitStatus.FAILURE,
        Failures.resultNotWritten(
            new IOException("No space left on device"), ExitStatus.DONE, new PrintWriter(err)));
    assertOneErrorLine();
  }

  @Test
  void imagesWritesPicturesAndLabels() throws IOException {
    Path folder = place.resolve("pictures");
    assertEquals(
        ExitStatus.DONE,
        run(
            "images",
            "--out",
            folder.toString(),
            "--count",
            "5",
            "--json",
            "--split",
            "calibration"));
    assertEquals(
        "{\"schema\":1,\"images\":5,\"classes\":64,\"folder\":\"" + folder + "\"}\n",
        out.toString());
    List<String> labels = Files.readAllLines(folder.resolve("labels.csv"));
    assertEquals("file,class_index,name", labels.getFirst());
    assertEquals(6, labels.size());
    assertTrue(Files.exists(folder.resolve(labels.getLast().split(",")[0])));
  }

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
  }

  private void assertOneErrorLine() {
    assertTrue(err.toString().startsWith("nibble: "), err.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
  }
}
