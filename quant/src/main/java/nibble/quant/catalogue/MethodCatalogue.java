package nibble.quant.catalogue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import nibble.quant.a2q.A2q;
import nibble.quant.actreg.ActivationRegularization;
import nibble.quant.adalog.AdaLog;
import nibble.quant.adaround.AdaRound;
import nibble.quant.affinequant.AffineQuant;
import nibble.quant.awq.Awq;
import nibble.quant.awq.ClippedRounding;
import nibble.quant.bcq.Bcq;
import nibble.quant.brecq.Brecq;
import nibble.quant.brecq.QDrop;
import nibble.quant.cbq.Cbq;
import nibble.quant.crossquant.CrossQuant;
import nibble.quant.discquant.DiscQuant;
import nibble.quant.fqvit.FqVit;
import nibble.quant.gplq.Gplq;
import nibble.quant.gptq.Gptq;
import nibble.quant.gwq.Gwq;
import nibble.quant.isvit.IsVit;
import nibble.quant.ivit.IVit;
import nibble.quant.kvcache.KvQuant;
import nibble.quant.kvcache.RotateKv;
import nibble.quant.kvcache.UniformCache;
import nibble.quant.lrpqvit.LrpQVit;
import nibble.quant.lsqqat.LsqTraining;
import nibble.quant.method.MethodCard;
import nibble.quant.method.NearMatches;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.mixed.MixedPrecision;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.ModelMethod;
import nibble.quant.mptqvit.MptqVit;
import nibble.quant.noisyquant.NoisyQuant;
import nibble.quant.normtweak.NormTweaking;
import nibble.quant.ofq.Ofq;
import nibble.quant.omniquant.OmniQuant;
import nibble.quant.ostquant.OstQuant;
import nibble.quant.outliers.Outliers;
import nibble.quant.pact.Pact;
import nibble.quant.ptq4vit.Ptq4Vit;
import nibble.quant.ptq4vm.Ptq4Vm;
import nibble.quant.quik.Quik;
import nibble.quant.quipsharp.QuipSharp;
import nibble.quant.qwt.Qwt;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.repquant.RepQuant;
import nibble.quant.repqvit.RepQVit;
import nibble.quant.roste.RoSte;
import nibble.quant.rsq.Rsq;
import nibble.quant.rtn.Rtn;
import nibble.quant.sage.Sage;
import nibble.quant.smoothquant.SmoothQuant;
import nibble.quant.spinquant.SpinQuant;
import nibble.quant.tacq.Tacq;

/** Methods by name. Immutable and thread-safe. A new method is one line in {@link #standard}. */
public final class MethodCatalogue {

  private sealed interface Entry {
    MethodCard card();
  }

  private record ForWeights(MethodCard card, Function<OptionValues, WeightMethod> factory)
      implements Entry {}

  private record ForModels(MethodCard card, Function<OptionValues, ModelMethod> factory)
      implements Entry {}

  private final Map<String, Entry> entries;

  private MethodCatalogue(Map<String, Entry> entries) {
    this.entries = entries;
  }

  /** The methods that Nibble ships. */
  public static MethodCatalogue standard() {
    return withLateMethods(earlyMethods());
  }

  private static MethodCatalogue withLateMethods(MethodCatalogue methods) {
    MethodCatalogue all =
        methods
            .withModelMethod(Gwq.CARD, Gwq::of)
            .withModelMethod(Tacq.CARD, Tacq::of)
            .withModelMethod(Sage.CARD, Sage::of);
    for (int bits : UniformCache.WIDTHS) {
      all = all.withModelMethod(UniformCache.card(bits), UniformCache.of(bits));
    }
    for (int bits : KvQuant.WIDTHS) {
      all = all.withModelMethod(KvQuant.card(bits), KvQuant.of(bits));
    }
    for (int bits : RotateKv.WIDTHS) {
      all = all.withModelMethod(RotateKv.card(bits), RotateKv.of(bits));
    }
    return all;
  }

  private static MethodCatalogue earlyMethods() {
    return new MethodCatalogue(Map.of())
        .with(Rtn.CARD, none -> new Rtn())
        .with(Gptq.CARD, Gptq::of)
        .with(AdaRound.CARD, AdaRound::of)
        .with(Bcq.CARD, Bcq::of)
        .with(ClippedRounding.CARD, ClippedRounding::of)
        .with(QuipSharp.CARD, QuipSharp::of)
        .with(Rsq.CARD, Rsq::of)
        .with(Quik.CARD, Quik::of)
        .withModelMethod(SpinQuant.CARD, SpinQuant::of)
        .withModelMethod(OstQuant.CARD, OstQuant::of)
        .withModelMethod(RoSte.CARD, RoSte::of)
        .withModelMethod(ActivationRegularization.CARD, ActivationRegularization::of)
        .withModelMethod(Gplq.CARD, Gplq::of)
        .withModelMethod(LsqTraining.CARD, LsqTraining::of)
        .withModelMethod(MixedPrecision.CARD, MixedPrecision::of)
        .withModelMethod(RepQVit.CARD, RepQVit::of)
        .withModelMethod(Qwt.CARD, Qwt::of)
        .withModelMethod(Ptq4Vit.CARD, Ptq4Vit::of)
        .withModelMethod(NoisyQuant.CARD, NoisyQuant::of)
        .withModelMethod(AdaLog.CARD, AdaLog::of)
        .withModelMethod(FqVit.CARD, FqVit::of)
        .withModelMethod(IVit.CARD, IVit::of)
        .withModelMethod(Brecq.CARD, Brecq::of)
        .withModelMethod(QDrop.CARD, QDrop::of)
        .withModelMethod(Ptq4Vm.CARD, Ptq4Vm::of)
        .withModelMethod(RepQuant.CARD, RepQuant::of)
        .withModelMethod(IsVit.CARD, IsVit::of)
        .withModelMethod(MptqVit.CARD, MptqVit::of)
        .withModelMethod(LrpQVit.CARD, LrpQVit::of)
        .withModelMethod(Pact.CARD, Pact::of)
        .withModelMethod(Ofq.CARD, Ofq::of)
        .withModelMethod(OmniQuant.CARD, OmniQuant::of)
        .withModelMethod(AffineQuant.CARD, AffineQuant::of)
        .withModelMethod(Cbq.CARD, Cbq::of)
        .withModelMethod(DiscQuant.CARD, DiscQuant::of)
        .withModelMethod(NormTweaking.CARD, NormTweaking::of)
        .withModelMethod(A2q.CARD, A2q::of)
        .withModelMethod(CrossQuant.CARD, CrossQuant::of)
        .withModelMethod(SmoothQuant.CARD, SmoothQuant::of)
        .withModelMethod(Awq.CARD, Awq::of)
        .withModelMethod(Outliers.CARD, Outliers::of);
  }

  /**
   * This catalogue and one method more, for single weights.
   *
   * @param factory makes the method from all its options, resolved
   * @throws IllegalArgumentException if the name is taken
   */
  public MethodCatalogue with(MethodCard card, Function<OptionValues, WeightMethod> factory) {
    return with(new ForWeights(card, factory));
  }

  /**
   * This catalogue and one method more, for whole models.
   *
   * @param factory makes the method from all its options, resolved
   * @throws IllegalArgumentException if the name is taken
   */
  public MethodCatalogue withModelMethod(
      MethodCard card, Function<OptionValues, ModelMethod> factory) {
    return with(new ForModels(card, factory));
  }

  private MethodCatalogue with(Entry entry) {
    String name = entry.card().name();
    if (entries.containsKey(name)) {
      throw new IllegalArgumentException("there already is a method '%s'".formatted(name));
    }
    Map<String, Entry> more = new LinkedHashMap<>(entries);
    more.put(name, entry);
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

  /** Whether a method works on whole models. An unknown name is an error, as in {@link #card}. */
  public boolean isModelMethod(String name) {
    return entry(name) instanceof ForModels;
  }

  /** Where a method stands in a recipe. An unknown name is an error, as in {@link #card}. */
  public MethodPlace place(String name) {
    return isModelMethod(name) ? modelMethod(name, Map.of()).place() : MethodPlace.QUANTIZE;
  }

  /**
   * A method for single weights, ready to use.
   *
   * @param options values, or texts of values, by option name; the others take their defaults
   * @throws IllegalArgumentException if the name, an option or a value is not known (the message
   *     lists near matches), or the method works on whole models
   */
  public WeightMethod method(String name, Map<String, ?> options) {
    return switch (entry(name)) {
      case ForWeights entry -> entry.factory().apply(entry.card().resolve(options));
      case ForModels entry ->
          throw new IllegalArgumentException(
              "method '%s' works on a whole model; use it in a step apply-method".formatted(name));
    };
  }

  /**
   * A method for whole models, ready to use.
   *
   * @param options values, or texts of values, by option name; the others take their defaults
   * @throws IllegalArgumentException if the name, an option or a value is not known (the message
   *     lists near matches), or the method works on single weights
   */
  public ModelMethod modelMethod(String name, Map<String, ?> options) {
    return switch (entry(name)) {
      case ForModels entry -> entry.factory().apply(entry.card().resolve(options));
      case ForWeights entry ->
          throw new IllegalArgumentException(
              "method '%s' works on single weights; use it in a step quantize-weights"
                  .formatted(name));
    };
  }

  /**
   * Checks that every method and option a recipe names exists, and that the methods can do what it
   * asks for, before any work is done.
   *
   * @throws IllegalArgumentException at the first that does not
   */
  public void check(Recipe recipe) {
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights weights -> {
          WeightMethod _ = method(weights.method(), weights.options());
        }
        case RecipeStep.ApplyMethod apply ->
            modelMethod(apply.method(), apply.options()).check(apply.scheme());
        case RecipeStep.QuantizeActivations activations -> {}
        case RecipeStep.Rotate rotate -> {}
      }
    }
  }

  /**
   * Checks that the steps of a recipe stand in an order that makes sense: preparing, quantizing
   * (once), mending.
   *
   * @throws IllegalArgumentException at the first that does not
   */
  public void checkOrder(Recipe recipe) {
    RecipeOrder.check(this, recipe);
  }

  private Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "there is no method '%s'%s"
              .formatted(name, NearMatches.hint(name, new ArrayList<>(entries.keySet()))));
    }
    return entry;
  }
}
