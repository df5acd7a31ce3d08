package nibble.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TableTest {
  private final Table table =
      new Table("method", "top-1").alignRight(1).row("float", "91.2 %").row("RTN | W4A4", "3 %");

  @Test
  void columnsAreAligned() {
    StringWriter text = new StringWriter();
    table.print(new PrintWriter(text));
    assertEquals(
        """
        method       top-1
        ------------------
        float       91.2 %
        RTN | W4A4     3 %
        """,
        text.toString());
  }

  @Test
  void markdownEscapesBars() {
    StringWriter text = new StringWriter();
    table.printMarkdown(new PrintWriter(text));
    assertEquals(
        "| method | top-1 |\n|---|---:|\n| float | 91.2 % |\n| RTN \\| W4A4 | 3 % |\n",
        text.toString());
  }

  @Test
  void aRowMustFitTheHeader() {
    assertThrows(IllegalArgumentException.class, () -> table.row("one"));
  }
}
