package nibble.nn;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The sites and the replaceable operators of one model in the order of the forward pass, and the
 * maps that run beside its blocks.
 */
public final class Sites {
  private final Map<String, Site> byName = new LinkedHashMap<>();
  private final Map<String, Operator> operators = new LinkedHashMap<>();
  private final Map<String, AffineMap> beside = new LinkedHashMap<>();

  /** Creates the site {@code name}; a model does this once per site while it is built. */
  public Site add(String name) {
    Site site = new Site(name);
    if (byName.putIfAbsent(name, site) != null) {
      throw new IllegalArgumentException("two sites are named '" + name + "'");
    }
    return site;
  }

  /** Takes away a site that the model no longer passes. */
  public void remove(Site site) {
    if (!byName.remove(site.name(), site)) {
      throw new IllegalArgumentException("the model has no site '" + site + "'");
    }
  }

  /** All sites. */
  public Collection<Site> all() {
    return Collections.unmodifiableCollection(byName.values());
  }

  /** The site {@code name}, if the model has it. */
  public Optional<Site> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** The site {@code name}; a model without it is an error. */
  public Site get(String name) {
    return find(name)
        .orElseThrow(() -> new IllegalArgumentException("the model has no site '" + name + "'"));
  }

  /** Creates the operator {@code name}; a model does this once per operator while it is built. */
  public Operator addOperator(String name, Operator.Kind kind) {
    Operator operator = new Operator(name, kind);
    if (operators.putIfAbsent(name, operator) != null) {
      throw new IllegalArgumentException("two operators are named '" + name + "'");
    }
    return operator;
  }

  /** All operators that another form may stand in for. */
  public Collection<Operator> operators() {
    return Collections.unmodifiableCollection(operators.values());
  }

  /** The operator {@code name}; a model without it is an error. */
  public Operator operator(String name) {
    Operator operator = operators.get(name);
    if (operator == null) {
      throw new IllegalArgumentException("the model has no operator '" + name + "'");
    }
    return operator;
  }

  /** Lets {@code map} run beside the block of that name from now on: {@link Model#through}. */
  public void putBeside(String block, AffineMap map) {
    beside.put(block, map);
  }

  /** Takes away what runs beside a block. */
  public void removeBeside(String block) {
    beside.remove(block);
  }

  /** What runs beside blocks, by the names of the blocks. */
  public Map<String, AffineMap> beside() {
    return Collections.unmodifiableMap(beside);
  }
}
