package nibble.quant.method;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class OptionValuesTest {
  private enum Colour {
    DARK_RED,
    BLUE
  }

  private static final MethodCard CARD =
      new MethodCard(
          "paint",
          "Paint",
          "none",
          "nothing",
          "never",
          List.of(
              MethodOption.integer("coats", 2, "layers"),
              MethodOption.number("gloss", 0.5, "share"),
              MethodOption.bool("dry", true, "wait"),
              MethodOption.choice("tool", "brush", List.of("brush", "roll"), "how"),
              MethodOption.choice("colour", Colour.BLUE, "of what")),
          List.of());

  @Example
  void defaultsHaveTheirTypes() {
    OptionValues values = CARD.resolve(Map.of());
    assertEquals(2, values.integer("coats"));
    assertEquals(0.5, values.number("gloss"));
    assertTrue(values.flag("dry"));
    assertEquals("brush", values.word("tool"));
    assertEquals(Colour.BLUE, values.choice("colour", Colour.class));
  }

  @Property
  void givenValuesAndTheirTextsAreRead(
      @ForAll long coats, @ForAll double gloss, @ForAll boolean dry, @ForAll Colour colour) {
    String word = colour == Colour.BLUE ? "blue" : "dark-red";
    Map<String, Object> given =
        Map.of("coats", coats, "gloss", gloss, "dry", dry, "tool", "roll", "colour", word);
    for (OptionValues values : List.of(CARD.resolve(given), CARD.resolve(texts(given)))) {
      assertEquals(coats, values.wideInteger("coats"));
      assertEquals(gloss, values.number("gloss"));
      assertEquals(dry, values.flag("dry"));
      assertEquals("roll", values.word("tool"));
      assertEquals(colour, values.choice("colour", Colour.class));
    }
  }

  private static Map<String, String> texts(Map<String, Object> values) {
    return values.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, e -> String.valueOf(e.getValue())));
  }

  @Example
  void integersBeyondTheRangeAreExplained() {
    OptionValues values = CARD.resolve(Map.of("coats", 1L << 31));
    assertEquals(1L << 31, values.wideInteger("coats"));
    assertEquals(
        "method paint: option coats is 2147483648, expected -2147483648 to 2147483647",
        assertThrows(IllegalArgumentException.class, () -> values.integer("coats")).getMessage());
    assertEquals(-5, CARD.resolve(Map.of("coats", -5)).integer("coats"));
  }

  @Example
  void whatTheCardDoesNotDeclareIsAnErrorOfTheMethod() {
    OptionValues values = CARD.resolve(Map.of());
    String unknown =
        String.valueOf(
            assertThrows(IllegalStateException.class, () -> values.flag("wet")).getMessage());
    assertEquals(
        "method paint reads option 'wet' as boolean; its card declares no such option", unknown);
    assertThrows(IllegalStateException.class, () -> values.number("coats"));
    assertThrows(IllegalStateException.class, () -> values.choice("tool", Colour.class));
  }

  @Example
  void choicesOfAnEnumAreItsConstants() {
    MethodOption option = CARD.options().getLast();
    assertEquals(List.of("dark-red", "blue"), option.choices());
    assertEquals("blue", option.defaultValue());
    assertFalse(option.choices().contains("DARK_RED"));
  }
}
