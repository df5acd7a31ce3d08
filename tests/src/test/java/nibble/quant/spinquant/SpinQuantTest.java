package nibble.quant.spinquant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;
import nibble.nn.online.HadamardSite;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.stiefel.CayleySgd;
import nibble.quant.tuning.TuningKnobs;
import nibble.quant.tuning.TuningLoss;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** SpinQuant learns, and what it learned leaves the float model as it was. */
class SpinQuantTest {
  private static final RandomTextModels.Shape BIASED =
      new RandomTextModels.Shape(6, 3, 8, 2, 48, true, false, false, true, 0);

  private static SpinQuant method(int steps, TuningLoss loss, CayleySgd rule) {
    return new SpinQuant(
        new SpinQuantOptions(new TuningKnobs(steps, 4, 1.5, 0, loss, 5), rule, true, true, true));
  }

  private static SampleSource text() {
    return SampleSource.of(
        List.of(
            Samples.unlabelled(
                nibble.nn.TokenIds.tensor(List.of(ids(1), ids(2), ids(3), ids(4))))));
  }

  private static int[] ids(long seed) {
    return RandomTextModels.ids(12, seed);
  }

  private static MethodReport apply(
      SpinQuant method, Ops ops, Model model, Model teacher, SampleSource samples) {
    return method.apply(ModelTask.of(ops, model, () -> teacher, samples, Scheme.parse("W4A4"), 7));
  }

  @Property(tries = 12)
  void theLogitsStayAfterLearning(
      @ForAll long seed, @ForAll @IntRange(max = 2) int loss, @ForAll boolean image) {
    Model model = image ? vit(seed) : RandomTextModels.llama(BIASED, seed);
    Model teacher = image ? vit(seed) : RandomTextModels.llama(BIASED, seed);
    SampleSource samples =
        image
            ? SampleSource.of(
                List.of(new Samples(RandomModels.pixels(3, seed), new int[] {1, 2, 3})))
            : text();
    Tensor input = samples.inputs().getFirst();
    try (Ops ops = Ops.serial()) {
      float[] before = logits(ops, model, input);
      MethodReport unused =
          apply(
              method(3, TuningLoss.values()[loss], new CayleySgd(0, 5)),
              ops,
              model,
              teacher,
              samples);
      double difference = RandomModels.relativeDifference(logits(ops, model, input), before);
      assertTrue(difference < 1e-4, "relative difference " + difference);
    }
  }

  private static Model vit(long seed) {
    return RandomModels.vit(
        RandomModels.vitConfig("ViTForImageClassification", 3, 8, 2, 48, true), seed);
  }

  private static float[] logits(Ops ops, Model model, Tensor input) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, input).toFloats();
    }
  }

  /** With one batch, the loss of the quantized network falls. */
  @Test
  void theLossFalls() {
    try (Ops ops = Ops.serial()) {
      Model model = outliers(RandomTextModels.llama(BIASED, 5));
      MethodReport report =
          apply(
              method(40, TuningLoss.KL, CayleySgd.EXACT),
              ops,
              model,
              outliers(RandomTextModels.llama(BIASED, 5)),
              text());
      List<double[]> losses = report.curves().getFirst().points();
      double first = losses.getFirst()[1];
      double last = losses.getLast()[1];
      assertTrue(last < 0.85 * first, "the loss went from " + first + " to " + last);
      assertTrue(
          model
              .sites()
              .get("layers.1.mlp.down.input")
              .functions()
              .equals(
                  model.sites().get("layers.1.mlp.down.input").functions().stream()
                      .filter(HadamardSite.class::isInstance)
                      .toList()));
    }
  }

  /** Some channels of the stream are much larger than the others. */
  private static Model outliers(Model model) {
    Random random = new Random(2);
    var words = model.tables().getFirst().weight();
    float[] values = words.peek().toFloats();
    int width = words.shape().dim(1);
    int channel = random.nextInt(width);
    for (int at = channel; at < values.length; at += width) {
      values[at] *= 20;
    }
    words.set(Tensor.of(values, words.shape().dims()));
    return model;
  }

  @Test
  void theSameTaskGivesTheSameWeights() {
    try (Ops ops = Ops.serial()) {
      Model one = RandomTextModels.llama(BIASED, 5);
      Model two = RandomTextModels.llama(BIASED, 5);
      MethodReport first = apply(method(4, TuningLoss.CE, CayleySgd.EXACT), ops, one, one, text());
      MethodReport second = apply(method(4, TuningLoss.CE, CayleySgd.EXACT), ops, two, two, text());
      assertEquals(
          first.curves().getFirst().points().getLast()[1],
          second.curves().getFirst().points().getLast()[1]);
      for (int i = 0; i < one.linears().size(); i++) {
        assertArrayEquals(
            one.linears().get(i).weight().peek().toFloats(),
            two.linears().get(i).weight().peek().toFloats());
      }
    }
  }

  @Test
  void modelsWithoutLogitsOrStreamAreRefused() {
    try (LoadedModel bert = ModelLoader.load(Golden.path("text/bert"));
        LoadedModel gemma = ModelLoader.load(Golden.path("text/gemma2"));
        Ops ops = Ops.serial()) {
      String message = refused(ops, bert.model());
      assertTrue(message.contains("spinquant learns from logits"), message);
      assertTrue(
          refused(ops, gemma.model()).contains("no residual stream"), refused(ops, gemma.model()));
    }
  }

  private static String refused(Ops ops, Model model) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> apply(method(1, TuningLoss.CE, CayleySgd.EXACT), ops, model, model, text()))
        .getMessage();
  }
}
