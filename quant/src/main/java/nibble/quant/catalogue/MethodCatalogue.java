package nibble.quant.catalogue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import nibble.quant.bcq.Bcq;
import nibble.quant.gptq.Gptq;
import nibble.quant.method.MethodCard;
import nibble.quant.method.NearMatches;
import nibble.quant.method.WeightMethod;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.rtn.Rtn;

/** Weight methods by name. Immutable and thread-safe. A new method is one line in {@link #standard}. */
public final class MethodCatalogue {

  private record Entry(MethodCard card, Function<Map<String, Object>, WeightMethod> factory) {}

  private final Map<String, Entry> entries;

  private MethodCatalogue(Map<String, Entry> entries) {
    this.entries = entries;
  }

  /** The methods that Nibble ships. */
  public static MethodCatalogue standard() {
    return new MethodCatalogue(Map.of())
        .with(Rtn.CARD, Rtn::of)
        .with(Gptq.CARD, Gptq::of)
        .with(Bcq.CARD, Bcq::of);
  }

  /**
   * This catalogue and one method more.
   *
   * @param factory makes the method from all its options, resolved
   * @throws IllegalArgumentException if the name is taken
   */
  public MethodCatalogue with(MethodCard card, Function<Map<String, Object>, WeightMethod> factory) {
    if (entries.containsKey(card.name())) {
      throw new IllegalArgumentException("there already is a method '%s'".formatted(card.name()));
    }
    Map<String, Entry> more = new LinkedHashMap<>(entries);
    more.put(card.name(), new Entry(card, factory));
    return new MethodCatalogue(more);
  }

  /** Cards of all methods, in the order they were added. */
  public List<MethodCard> cards() {
    return entries.values().stream().map(Entry::card).toList();
  }

  /**
   * The card of a method.
   *
   * @throws IllegalArgumentException if there is none of that name; the message lists near matches
   */
  public MethodCard card(String name) {
    return entry(name).card();
  }

  /**
   * A method, ready to use.
   *
   * @param options values, or texts of values, by option name; the others take their defaults
   * @throws IllegalArgumentException if the name, an option or a value is not known; the message lists near matches
   */
  public WeightMethod method(String name, Map<String, ?> options) {
    Entry entry = entry(name);
    return entry.factory().apply(entry.card().resolve(options));
  }

  /**
   * Checks that every method and option a recipe names exists, before any work is done.
   *
   * @throws IllegalArgumentException at the first that does not
   */
  public void check(Recipe recipe) {
    for (RecipeStep step : recipe.steps()) {
      if (step instanceof RecipeStep.QuantizeWeights weights) {
        method(weights.method(), weights.options());
      }
    }
  }

  private Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException("there is no method '%s'%s".formatted(name, NearMatches.hint(name, new ArrayList<>(entries.keySet()))));
    }
    return entry;
  }
}
