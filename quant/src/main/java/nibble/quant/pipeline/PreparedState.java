package nibble.quant.pipeline;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import nibble.nn.AffineMap;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.tensor.Tensor;

/**
 * What methods that prepare left in a float model, to be left in a fresh one too: parameters, site
 * functions, kinds of norms, maps beside blocks. Parameters that are views of a file, or made when
 * they are asked for, cost nothing here; those that a method set are copied, so that nobody changes
 * them later.
 */
final class PreparedState {
  private final Map<String, Supplier<Tensor>> parameters = new LinkedHashMap<>();
  private final Map<String, List<SiteFunction>> sites = new HashMap<>();
  private final Map<String, AffineMap> beside;
  private final Map<String, Boolean> plainNorms = new HashMap<>();
  private final List<String> biased;

  private PreparedState(Model model) {
    for (Parameter parameter : parametersOf(model)) {
      if (!parameter.isTied()) {
        parameters.put(parameter.name(), parameter.snapshot());
      }
    }
    model.sites().all().forEach(site -> sites.put(site.name(), site.functions()));
    beside = Map.copyOf(model.sites().beside());
    for (ResidualStructure.Reader reader : model.readers()) {
      plainNorms.put(reader.norm().name(), isPlain(reader.norm()));
    }
    biased =
        model.linears().stream().filter(linear -> linear.bias() != null).map(Linear::name).toList();
  }

  /** The state of {@code model} now. */
  static PreparedState of(Model model) {
    return new PreparedState(model);
  }

  /** Brings {@code fresh}, another copy of the same float model, into this state. */
  void restore(Model fresh) {
    for (ResidualStructure.Reader reader : fresh.readers()) {
      if (plainNorms.getOrDefault(reader.norm().name(), false) && !isPlain(reader.norm())) {
        reader.norm().becomePlainRms();
      }
    }
    for (Linear linear : fresh.linears()) {
      if (biased.contains(linear.name())) {
        Parameter _ = linear.ensureBias();
      }
    }
    for (Parameter parameter : parametersOf(fresh)) {
      Supplier<Tensor> maker = parameters.get(parameter.name());
      if (maker != null) {
        parameter.replace(maker);
      }
    }
    fresh.linears().forEach(Linear::weightChanged);
    for (Site site : fresh.sites().all()) {
      site.clear();
      sites.getOrDefault(site.name(), List.of()).forEach(site::append);
    }
    beside.forEach((block, map) -> fresh.sites().putBeside(block, map));
  }

  /**
   * All parameters, a head that is tied to the word vectors included: it may have been parted from
   * them.
   */
  private static Set<Parameter> parametersOf(Model model) {
    Set<Parameter> all = new LinkedHashSet<>(model.parameters());
    model.linears().forEach(linear -> all.add(linear.weight()));
    return all;
  }

  private static boolean isPlain(Norm norm) {
    return norm.kind() == Norm.Kind.RMS && norm.gain() == null && norm.bias() == null;
  }
}
