package nibble.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class JsonOutTest {
  @Test
  void keysKeepTheirOrderAfterTheSchema() {
    JsonOut json =
        JsonOut.result()
            .put("top1", 0.5)
            .put("images", List.of(JsonOut.object().put("file", "a.png"), 3L))
            .put("empty", JsonOut.object());
    assertEquals(
        "{\"schema\":1,\"top1\":0.5,\"images\":[{\"file\":\"a.png\"},3],\"empty\":{}}",
        json.toString());
  }

  @Test
  void textIsEscapedAndNumbersThatAreNotFiniteBecomeNull() {
    assertEquals(
        "{\"a\":\"q\\\" b\\\\ \\n\\u0001 é 😀 \\ud800\"}",
        JsonOut.object().put("a", "q\" b\\ \n\u0001 é 😀 \ud800").toString());
    assertEquals(
        "{\"a\":null,\"b\":null}",
        JsonOut.object().put("a", Double.NaN).put("b", Float.POSITIVE_INFINITY).toString());
  }

  @Test
  void otherValuesAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> JsonOut.object().put("a", new int[1]).toString());
  }
}
