package nibble.quant.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;

/**
 * A site that activations pass.
 *
 * @param role what its tensor is
 * @param readers linear layers whose input it is; empty for other roles
 */
public record ActivationSite(Site site, Role role, List<Linear> readers) {
  private static final Pattern STREAM = Pattern.compile("norm\\d*\\.input$");

  /** What passes a site. */
  public enum Role {
    /** The input of linear layers, {@code [..., in]}. */
    LINEAR_INPUT,
    /** Queries {@code [batch, heads, tokens, headDim]}: sites that end in {@code .q_out}. */
    QUERY,
    /** Keys {@code [batch, heads, tokens, headDim]}: sites that end in {@code .k_out}. */
    KEY,
    /** Values {@code [batch, heads, tokens, headDim]}: sites that end in {@code .v_out}. */
    VALUE,
    /**
     * Attention after softmax {@code [batch, heads, tokens, tokens]}: sites that end in {@code
     * .probs}.
     */
    PROBABILITIES,
    /** Any other. */
    OTHER
  }

  public ActivationSite {
    readers = List.copyOf(readers);
  }

  /** Name of the site. */
  public String name() {
    return site.name();
  }

  /**
   * What normalisations read, in the order of the model: the residual stream, at sites that end in
   * {@code norm.input}, {@code norm1.input} and so on.
   */
  public static List<Site> streams(Model model) {
    return model.sites().all().stream().filter(ActivationSite::isStream).toList();
  }

  private static boolean isStream(Site site) {
    return STREAM.matcher(site.name()).find();
  }

  /**
   * All activation sites of a model, in the order of its sites: everything but the sites of weights
   * and the {@link #streams}.
   */
  public static List<ActivationSite> of(Model model) {
    Map<Site, List<Linear>> readers = new LinkedHashMap<>();
    Set<Site> weights = new HashSet<>();
    for (Linear linear : model.linears()) {
      readers.computeIfAbsent(linear.input(), site -> new ArrayList<>()).add(linear);
      weights.add(linear.weightSite());
    }
    List<ActivationSite> sites = new ArrayList<>();
    for (Site site : model.sites().all()) {
      if (!weights.contains(site) && !isStream(site)) {
        List<Linear> read = readers.getOrDefault(site, List.of());
        sites.add(
            new ActivationSite(site, read.isEmpty() ? role(site.name()) : Role.LINEAR_INPUT, read));
      }
    }
    return sites;
  }

  private static Role role(String name) {
    if (name.endsWith(".q_out")) {
      return Role.QUERY;
    }
    if (name.endsWith(".k_out")) {
      return Role.KEY;
    }
    if (name.endsWith(".v_out")) {
      return Role.VALUE;
    }
    return name.endsWith(".probs") ? Role.PROBABILITIES : Role.OTHER;
  }
}
