package nibble.quant.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nibble.quant.gptq.Gptq;
import nibble.quant.method.MethodCard;
import nibble.quant.model.MethodPlace;
import nibble.quant.rtn.Rtn;

/** A name such as {@code smoothquant+gptq+qwt}, with what quantizes filled in. */
record MethodName(List<String> parts) {
  /** The part that is a rotation, which is a step of its own. */
  static final String HADAMARD = "hadamard";

  private static final String QUAROT = "quarot";

  MethodName {
    parts = List.copyOf(parts);
  }

  /**
   * Parses it.
   *
   * @param quantizes whether a method that quantizes is to be added where there is none
   * @throws IllegalArgumentException if a part is not known
   */
  static MethodName parse(MethodCatalogue catalogue, String text, boolean quantizes) {
    List<String> parts = new ArrayList<>();
    int preparing = 0;
    boolean quantized = false;
    boolean keepsFloat = true;
    String quantizer = Rtn.CARD.name();
    for (String word : text.split("\\+", -1)) {
      String part = word.equals(QUAROT) ? HADAMARD : word;
      parts.add(part);
      MethodPlace place = place(catalogue, part);
      keepsFloat &= keepsFloat(catalogue, part);
      quantized |= place == MethodPlace.QUANTIZE;
      preparing = place == MethodPlace.PREPARE ? parts.size() : preparing;
      if (place == MethodPlace.PREPARE && quantizer.equals(Rtn.CARD.name())) {
        quantizer = quantizer(catalogue, word);
      }
    }
    if (quantizes && !quantized && (preparing > 0 || keepsFloat)) {
      parts.add(preparing, quantizer);
    }
    return new MethodName(parts);
  }

  private static MethodPlace place(MethodCatalogue catalogue, String part) {
    return part.equals(HADAMARD) ? MethodPlace.PREPARE : catalogue.place(part);
  }

  private static String quantizer(MethodCatalogue catalogue, String word) {
    return switch (word) {
      case QUAROT -> Gptq.CARD.name();
      case HADAMARD -> Rtn.CARD.name();
      default -> catalogue.modelMethod(word, Map.of()).quantizedBy();
    };
  }

  /** Cards of the parts that have one. */
  List<MethodCard> cards(MethodCatalogue catalogue) {
    return parts.stream().filter(part -> !part.equals(HADAMARD)).map(catalogue::card).toList();
  }

  /** Whether all parts can do their work with float weights. */
  boolean keepsFloat(MethodCatalogue catalogue) {
    return parts.stream().allMatch(part -> keepsFloat(catalogue, part));
  }

  private static boolean keepsFloat(MethodCatalogue catalogue, String part) {
    return switch (place(catalogue, part)) {
      case PREPARE -> true;
      case QUANTIZE -> false;
      case MEND -> catalogue.modelMethod(part, Map.of()).mendsFloat();
    };
  }

  boolean noWeightMethod(MethodCatalogue catalogue) {
    return cards(catalogue).stream().allMatch(card -> catalogue.isModelMethod(card.name()));
  }

  /** The parts, joined. */
  @Override
  public String toString() {
    return String.join("+", parts);
  }
}
