package nibble.quant.catalogue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import net.jqwik.api.Example;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;

class MethodCatalogueTest {
  private final MethodCatalogue catalogue = MethodCatalogue.standard();

  @Example
  void everyMethodIsDescribedAndBuiltFromItsDefaults() {
    for (MethodCard card : catalogue.cards()) {
      assertFalse(
          card.paper().isBlank() || card.needs().isBlank() || card.whenToChoose().isBlank());
      for (MethodOption option : card.options()) {
        assertEquals(
            option.defaultValue(),
            value(card.resolve(Map.of(option.name(), option.defaultValue().toString())), option));
      }
      boolean whole = catalogue.isModelMethod(card.name());
      assertEquals(
          card.name(),
          whole
              ? catalogue.modelMethod(card.name(), Map.of()).name()
              : catalogue.method(card.name(), Map.of()).name());
    }
  }

  /** Methods that need a Hessian say so, with the layer; those that do not take none. */
  @Example
  void withoutAHessianAMethodWorksOrNamesTheLayer() {
    WeightScheme scheme = Scheme.parse("W4A16").weights().orElseThrow();
    Tensor weight = Tensor.of(new float[16 * 16], 16, 16);
    for (MethodCard card : catalogue.cards()) {
      if (catalogue.isModelMethod(card.name())) {
        continue;
      }
      WeightMethod method = catalogue.method(card.name(), Map.of());
      if (method.needsHessian()) {
        assertMessage(
            "fc: %s needs calibration inputs; pass calibration data or choose rtn"
                .formatted(card.name()),
            () -> method.quantize("fc", weight, null, scheme, WorkSplitter.serial()));
      } else {
        method.quantize("fc", weight, null, scheme, WorkSplitter.serial());
      }
    }
  }

  private static Object value(OptionValues values, MethodOption option) {
    return switch (option.kind()) {
      case INTEGER -> values.wideInteger(option.name());
      case NUMBER -> values.number(option.name());
      case BOOLEAN -> values.flag(option.name());
      case CHOICE -> values.word(option.name());
    };
  }

  @Example
  void unknownNamesGetNearMatches() {
    assertMessage("there is no method 'gtpq'; did you mean gptq?", () -> catalogue.card("gtpq"));
    assertMessage(
        "there is no method 'nonesuch'; known: rtn, gptq, adaround, bcq",
        () -> catalogue.card("nonesuch"));
    assertMessage(
        "method gptq has no option 'damp'; did you mean dampening?",
        () -> catalogue.method("gptq", Map.of("damp", 1)));
    assertMessage(
        "method rtn has no option 'x'; it has none", () -> catalogue.method("rtn", Map.of("x", 1)));
  }

  @Example
  void valuesOfAnotherTypeAreExplained() {
    assertMessage(
        "option block-size is '1.5', expected an integer",
        () -> catalogue.method("gptq", Map.of("block-size", 1.5)));
    assertMessage(
        "option dampening is 'much', expected a number",
        () -> catalogue.method("gptq", Map.of("dampening", "much")));
    assertMessage(
        "option static-groups is 'yes', expected true or false",
        () -> catalogue.method("gptq", Map.of("static-groups", "yes")));
    assertMessage(
        "expected one of natural, by-hessian-diagonal",
        () -> catalogue.method("gptq", Map.of("order", "random")));
    assertMessage(
        "dampening must be from 0", () -> catalogue.method("gptq", Map.of("dampening", -1)));
  }

  @Example
  void namesAreTakenOnce() {
    assertMessage("already is a method 'rtn'", () -> catalogue.with(Rtn.CARD, none -> new Rtn()));
  }

  private static void assertMessage(String part, org.junit.jupiter.api.function.Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }
}
