package nibble.nn.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class StopTextsTest {
  /** However the text is cut into pieces, what comes out ends right before the first stop text. */
  @Property(tries = 500)
  void piecesGiveWhatTheWholeTextGives(
      @ForAll @Size(max = 6)
          List<@CharRange(from = 'a', to = 'b') @StringLength(max = 4) String> pieces,
      @ForAll @Size(max = 3)
          List<@CharRange(from = 'a', to = 'b') @StringLength(min = 1, max = 4) String> stops) {
    StopTexts watch = new StopTexts(stops);
    StringBuilder out = new StringBuilder();
    String whole = "";
    for (String piece : pieces) {
      out.append(watch.add(piece));
      whole += piece;
      // what was handed on is never taken back, and nothing of a stop text is handed on
      assertEquals(
          expected(whole, stops),
          out + (watch.isStopped() ? "" : held(whole, out.length(), stops)));
    }
    out.append(watch.rest());
    assertEquals(expected(whole, stops), out.toString());
    assertEquals(!expected(whole, stops).equals(whole), watch.isStopped());
  }

  private static String held(String whole, int from, List<String> stops) {
    return expected(whole, stops).substring(from);
  }

  private static String expected(String whole, List<String> stops) {
    int first = whole.length();
    for (int end = 1; end <= whole.length() && first == whole.length(); end++) {
      for (String stop : stops) {
        int at = whole.substring(0, end).indexOf(stop);
        if (at >= 0) {
          first = Math.min(first, at);
        }
      }
    }
    return whole.substring(0, first);
  }

  @Test
  void anEmptyStopTextIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new StopTexts(List.of("")));
  }
}
