package nibble.quant.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a method did.
 *
 * @param layers linear layers that it quantized, in its order
 * @param facts measured numbers by name, the same for the same task: no times
 * @param curves courses of numbers, such as the loss of a training
 */
public record MethodReport(
    List<LayerResult> layers, Map<String, Double> facts, List<Curve> curves) {
  public MethodReport {
    layers = List.copyOf(layers);
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    curves = List.copyOf(curves);
  }

  /**
   * A number over another.
   *
   * @param name of the curve, such as {@code loss}
   * @param across what the first of each point counts, such as {@code images}
   * @param points pairs, rising in the first
   */
  public record Curve(String name, String across, List<double[]> points) {
    public Curve {
      points = List.copyOf(points);
    }
  }

  /** Layers only. */
  public static MethodReport of(List<LayerResult> layers) {
    return new MethodReport(layers, Map.of(), List.of());
  }

  /** This report, then another. Facts of the other win. */
  public MethodReport then(MethodReport other) {
    List<LayerResult> allLayers = new ArrayList<>(layers);
    allLayers.addAll(other.layers);
    Map<String, Double> allFacts = new LinkedHashMap<>(facts);
    allFacts.putAll(other.facts);
    List<Curve> allCurves = new ArrayList<>(curves);
    allCurves.addAll(other.curves);
    return new MethodReport(allLayers, allFacts, allCurves);
  }
}
