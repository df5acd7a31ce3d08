package nibble.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final StringWriter text = new StringWriter();
  private long now;

  @Test
  void aLogGetsALineEveryFewSecondsWithTheTimeLeft() {
    try (Progress progress = progress(false, false)) {
      for (int i = 1; i <= 12; i++) {
        now += 1_000_000_000L;
        progress.to(10 * i);
      }
    }
    assertEquals(
        """
        eval  50/200 images  25 %  10 images/s  15 s left
        eval  100/200 images  50 %  10 images/s  10 s left
        eval  120 images in 12 s
        """,
        text.toString());
  }

  @Test
  void aScreenLineIsRewrittenAndEndsClean() {
    try (Progress progress = progress(true, false)) {
      now += 500_000_000L;
      progress.to(100, "loss 0.5");
    }
    assertEquals(
        "\r"
            + "\u001B[Keval  100/200 images  50 %  200 images/s  0.5 s left  loss 0.5\r"
            + "\u001B[Keval  100 images in 0.5 s  loss 0.5\n",
        text.toString());
  }

  @Test
  void shortTasksAndQuietOnesSayNothing() {
    try (Progress progress = progress(false, false)) {
      progress.to(200);
    }
    try (Progress progress = progress(true, true)) {
      now += 60_000_000_000L;
      progress.to(200);
    }
    assertTrue(text.toString().isEmpty());
  }

  @Test
  void aResumedTaskCountsOnlyNewWork() {
    try (Progress progress = progress(false, false).from(100)) {
      now += 10_000_000_000L;
      progress.to(150);
    }
    assertTrue(
        text.toString().startsWith("eval  150/200 images  75 %  5.00 images/s  10 s left"),
        text.toString());
  }

  @Test
  void durationsAreWrittenForPeople() {
    assertEquals("0.4 s", Progress.duration(400_000_000L));
    assertEquals("10 s", Progress.duration(9_960_000_000L));
    assertEquals("1 min 00 s", Progress.duration(59_600_000_000L));
    assertEquals("2 h 07 min", Progress.duration(7_620_000_000_000L));
  }

  @Test
  void nothingToDoIsAnError() {
    Console console = new Console(new PrintWriter(text), new PrintWriter(text), false, false);
    assertThrows(IllegalArgumentException.class, () -> console.progress("eval", 0, "images"));
  }

  private Progress progress(boolean terminal, boolean quiet) {
    return new Progress(
        new Console(new PrintWriter(text), new PrintWriter(text), terminal, quiet),
        "eval",
        200,
        "images",
        () -> now);
  }
}
