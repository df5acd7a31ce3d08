package nibble.quant.fold;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;

/** Which inputs of the linear layers in a model's blocks get scales of channels. */
public enum ScalePlaces {
  /** Those that a normalisation makes, and nothing else reads: the gain takes the scale. */
  NORMS,
  /** Also values and feed-forward channels, where what makes them can take the scale exactly. */
  FOLDED,
  /** All: where nothing before can take the scale, a multiplication at run time does. */
  ALL;

  /**
   * The places of {@code model} as it is now, in the order of its layers.
   *
   * @throws IllegalArgumentException if there is none; the message says what would help
   */
  public List<ScaleEdge> of(Model model) {
    Set<Linear> inBlocks = new HashSet<>();
    model.blocks().forEach(block -> block.stages().forEach(inBlocks::addAll));
    Map<Site, List<Linear>> bySite = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      if (inBlocks.contains(linear)) {
        bySite.computeIfAbsent(linear.input(), site -> new ArrayList<>()).add(linear);
      }
    }
    Map<Site, ScaleEdge> folded = new LinkedHashMap<>();
    List<ScaleEdge> edges = new ArrayList<>(ScaleEdges.norms(model));
    if (this != NORMS) {
      edges.addAll(ScaleEdges.values(model));
      edges.addAll(ScaleEdges.feedForwards(model));
    }
    edges.forEach(edge -> folded.put(edge.readers().getFirst().input(), edge));
    List<ScaleEdge> chosen = new ArrayList<>();
    bySite.forEach(
        (site, linears) -> {
          ScaleEdge edge = folded.get(site);
          if (edge != null) {
            chosen.add(edge);
          } else if (this == ALL) {
            chosen.add(new OnlineEdge(site, linears));
          }
        });
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException(
          "%s has no normalisation that linear layers alone read; --set places=all multiplies at run time instead"
              .formatted(model.architecture()));
    }
    return chosen;
  }
}
