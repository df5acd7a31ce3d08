package nibble.quant.model;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.recipe.SiteRules;
import nibble.tensor.Ops;

/**
 * What a {@link ModelMethod} is asked to do and may use.
 *
 * @param ops operators and threads; the caller closes them
 * @param model to be changed in place
 * @param floatModel makes the float model anew, with the function that the steps before left
 *     (rotated, say); the caller owns its memory
 * @param samples what may be looked at
 * @param schemes bits of every layer and site; for methods that prepare or mend, those of the step
 *     that quantizes
 * @param seed of all randomness
 * @param progress is told how far the work is
 * @param store what an interrupted run left, and where this one leaves its state
 */
public record ModelTask(
    Ops ops,
    Model model,
    Supplier<Model> floatModel,
    SampleSource samples,
    SchemePlan schemes,
    long seed,
    MethodProgress progress,
    ResumeStore store) {

  /** A task without rules, progress and store. */
  public static ModelTask of(
      Ops ops,
      Model model,
      Supplier<Model> floatModel,
      SampleSource samples,
      Scheme scheme,
      long seed) {
    return new ModelTask(
        ops,
        model,
        floatModel,
        samples,
        new SchemePlan(scheme, SiteRules.NONE),
        seed,
        MethodProgress.NONE,
        ResumeStore.NONE);
  }

  /** The same with rules. */
  public ModelTask withRules(SiteRules rules) {
    return new ModelTask(
        ops,
        model,
        floatModel,
        samples,
        new SchemePlan(schemes.scheme(), rules),
        seed,
        progress,
        store);
  }

  /** The same with another store. */
  public ModelTask withStore(ResumeStore other) {
    return new ModelTask(ops, model, floatModel, samples, schemes, seed, progress, other);
  }

  /** The scheme of a layer's weight; empty where it stays in float. */
  public Optional<WeightScheme> weights(Linear linear) {
    return schemes.weights(linear);
  }

  /** The scheme of a site's tensor; empty where it stays in float. */
  public Optional<ActivationScheme> activations(Site site) {
    return schemes.activations(site);
  }

  /** Bits of a layer's weight; empty where it stays in float. */
  public OptionalInt bits(Linear linear) {
    return weights(linear).stream().mapToInt(scheme -> scheme.format().bits()).findFirst();
  }

  /** Bits of a site's tensor; empty where it stays in float. */
  public OptionalInt bits(Site site) {
    return activations(site).stream().mapToInt(scheme -> scheme.format().bits()).findFirst();
  }
}
