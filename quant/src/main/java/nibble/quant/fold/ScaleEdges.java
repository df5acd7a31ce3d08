package nibble.quant.fold;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;

/**
 * The {@link ScaleEdge}s of a model as it is now: a function in a site that an edge crosses, such
 * as an online rotation, takes the edge away.
 */
public final class ScaleEdges {
  private ScaleEdges() {}

  /**
   * All of them, in the order of the model: norms, then values, feed-forward layers, queries and
   * keys.
   */
  public static List<ScaleEdge> of(Model model) {
    List<ScaleEdge> edges = new ArrayList<>(norms(model));
    edges.addAll(values(model));
    edges.addAll(feedForwards(model));
    edges.addAll(queriesAndKeys(model));
    return edges;
  }

  /**
   * Normalisations with a gain whose result is read through one site by linear layers and by
   * nothing else.
   */
  public static List<NormEdge> norms(Model model) {
    List<NormEdge> edges = new ArrayList<>();
    for (ResidualStructure.Reader reader : model.readers()) {
      Site site = reader.linears().getFirst().input();
      if (ChannelFold.norm(model, site, false).filter(norm -> norm == reader.norm()).isPresent()) {
        edges.add(new NormEdge(model, reader));
      }
    }
    return edges;
  }

  /** Values to output projections. */
  public static List<ValueEdge> values(Model model) {
    List<ValueEdge> edges = new ArrayList<>();
    for (ResidualStructure.Attention attention : model.attentions()) {
      if (isFree(model, attention, ".v_out", "kv.value") && isRead(model, attention.output())) {
        edges.add(new ValueEdge(attention));
      }
    }
    return edges;
  }

  /** Rows that pass a feed-forward layer linearly. */
  public static List<FeedForwardEdge> feedForwards(Model model) {
    List<FeedForwardEdge> edges = new ArrayList<>();
    for (ResidualStructure.FeedForward feedForward : model.feedForwards()) {
      Optional<ResidualStructure.Carrier> carrier = feedForward.carrier();
      if (carrier.isPresent() && isRead(model, feedForward.down())) {
        edges.add(new FeedForwardEdge(feedForward, carrier.get()));
      }
    }
    return edges;
  }

  /** Queries and keys that are not normalised. */
  public static List<QueryKeyEdge> queriesAndKeys(Model model) {
    List<QueryKeyEdge> edges = new ArrayList<>();
    for (ResidualStructure.Attention attention : model.attentions()) {
      if (!attention.between().normalised()
          && isFree(model, attention, ".q_out", ".k_out", "kv.key")) {
        edges.add(new QueryKeyEdge(attention));
      }
    }
    return edges;
  }

  private static boolean isRead(Model model, Linear linear) {
    return linear.input().isIdentity()
        && model.linears().stream()
            .noneMatch(other -> other != linear && other.input() == linear.input());
  }

  /** Whether nothing is installed in the sites of this attention that end like that. */
  private static boolean isFree(
      Model model, ResidualStructure.Attention attention, String... suffixes) {
    String name = attention.output().name(); // layers.0.attn.o
    String attn = name.substring(0, name.lastIndexOf('.'));
    String block = attn.substring(0, attn.lastIndexOf('.') + 1);
    for (String suffix : suffixes) {
      String site = suffix.startsWith(".") ? attn + suffix : block + suffix;
      if (!model.sites().find(site).map(Site::isIdentity).orElse(true)) {
        return false;
      }
    }
    return true;
  }
}
