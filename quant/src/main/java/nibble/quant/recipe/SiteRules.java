package nibble.quant.recipe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Patterns and what sites that match them get; the last pattern that matches wins, so general ones
 * come first. Immutable.
 */
public record SiteRules(List<Entry> entries) {
  /** No rule. */
  public static final SiteRules NONE = new SiteRules(List.of());

  /** A pattern and its rule. */
  public record Entry(SitePattern pattern, SiteRule rule) {}

  public SiteRules {
    entries = List.copyOf(entries);
    long distinct = entries.stream().map(e -> e.pattern().text()).distinct().count();
    if (distinct != entries.size()) {
      throw new IllegalArgumentException("a site pattern occurs twice in " + entries);
    }
  }

  /** These rules and one more, which wins over them. */
  public SiteRules with(String pattern, SiteRule rule) {
    List<Entry> more = new ArrayList<>(entries);
    more.removeIf(e -> e.pattern().text().equals(pattern));
    more.add(new Entry(new SitePattern(pattern), rule));
    return new SiteRules(more);
  }

  /** The rule for a site or layer; empty where the step's scheme holds. */
  public Optional<SiteRule> of(String name) {
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (entries.get(i).pattern().matches(name)) {
        return Optional.of(entries.get(i).rule());
      }
    }
    return Optional.empty();
  }

  /** Patterns that match none of the names: most likely mistyped. */
  public List<String> unused(Iterable<String> names) {
    List<String> unused = new ArrayList<>();
    for (Entry entry : entries) {
      boolean used = false;
      for (String name : names) {
        used |= entry.pattern().matches(name);
      }
      if (!used) {
        unused.add(entry.pattern().text());
      }
    }
    return unused;
  }

  Map<String, Object> toTree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    entries.forEach(entry -> tree.put(entry.pattern().text(), entry.rule().toTree()));
    return Collections.unmodifiableMap(tree);
  }

  static SiteRules ofTree(Map<String, Object> tree) {
    SiteRules rules = NONE;
    for (Map.Entry<String, Object> entry : tree.entrySet()) {
      rules = rules.with(entry.getKey(), SiteRule.ofTree(entry.getValue()));
    }
    return rules;
  }
}
