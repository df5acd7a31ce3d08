package nibble.quant.model;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.observer.ChannelMagnitudes;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Sizes of the channels of what passes sites, in one pass of all samples through the model. */
public final class SiteMagnitudes {
  private SiteMagnitudes() {}

  /**
   * The sizes, after what stands in the sites already. The sites are as before afterwards.
   *
   * @throws IllegalArgumentException if a value is not finite
   * @throws IllegalStateException if the forward pass does not reach one of the sites
   */
  public static Map<Site, ChannelMagnitudes> measure(
      Ops ops, Model model, Iterable<Tensor> inputs, Collection<Site> sites) {
    return measure(ops, model::forward, inputs, sites);
  }

  /** The same for a part of a model, which {@code forward} runs. */
  public static Map<Site, ChannelMagnitudes> measure(
      Ops ops,
      BiFunction<Ops, Tensor, Tensor> forward,
      Iterable<Tensor> inputs,
      Collection<Site> sites) {
    Map<Site, Measuring> measuring = new LinkedHashMap<>();
    sites.forEach(site -> measuring.computeIfAbsent(site, s -> new Measuring(s.name())));
    measuring.forEach(Site::append);
    try (var inference = ops.noGrad()) {
      for (Tensor input : inputs) {
        try (Scope scope = ops.scope()) {
          Tensor _ = forward.apply(ops, input); // the functions in its sites are what counts
        }
      }
    } finally {
      measuring.forEach(Site::remove);
    }
    Map<Site, ChannelMagnitudes> result = new LinkedHashMap<>();
    measuring.forEach((site, measured) -> result.put(site, measured.result()));
    return result;
  }

  private static final class Measuring implements SiteFunction {
    private final String name;
    private ChannelMagnitudes.@Nullable Accumulator sizes;

    Measuring(String name) {
      this.name = name;
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
      int channels = x.dim(-1);
      ChannelMagnitudes.Accumulator known = sizes;
      ChannelMagnitudes.Accumulator current =
          known == null ? new ChannelMagnitudes.Accumulator(name, channels) : known;
      sizes = current;
      Tensor floats = x.toF32();
      current.add(floats.array(), floats.offset(), (int) (x.size() / channels));
      return x;
    }

    ChannelMagnitudes result() {
      ChannelMagnitudes.Accumulator measured = sizes;
      if (measured == null) {
        throw new IllegalStateException(
            "nothing passed site '" + name + "' in a forward pass; the model does not use it");
      }
      return measured.result();
    }
  }
}
