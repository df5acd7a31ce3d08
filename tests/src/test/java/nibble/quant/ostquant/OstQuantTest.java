package nibble.quant.ostquant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.site.ChannelScale;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.tuning.TuningKnobs;
import nibble.quant.tuning.TuningLoss;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

/** OSTQuant learns, and what it learned leaves the float model as it was. */
class OstQuantTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(6, 3, 8, 2, 48, true, false, false, true, 0);

  private static OstQuant method(int steps, double rate, boolean principal) {
    return new OstQuant(
        new OstQuantOptions(
            new TuningKnobs(steps, 3, rate, rate, TuningLoss.KL_TOP, 6),
            principal,
            true,
            true,
            true));
  }

  private static SampleSource text() {
    return SampleSource.of(
        List.of(
            Samples.unlabelled(
                TokenIds.tensor(
                    List.of(
                        RandomTextModels.ids(12, 1),
                        RandomTextModels.ids(12, 2),
                        RandomTextModels.ids(12, 3))))));
  }

  private static MethodReport apply(
      OstQuant method, Ops ops, Model model, Model teacher, SampleSource samples) {
    return method.apply(ModelTask.of(ops, model, () -> teacher, samples, Scheme.parse("W4A4"), 7));
  }

  @Property(tries = 10)
  void theLogitsStayAfterLearning(
      @ForAll long seed, @ForAll boolean image, @ForAll boolean principal) {
    Model model = image ? vit(seed) : RandomTextModels.llama(SHAPE, seed);
    Model teacher = image ? vit(seed) : RandomTextModels.llama(SHAPE, seed);
    SampleSource samples =
        image ? SampleSource.of(List.of(Samples.unlabelled(RandomModels.pixels(3, seed)))) : text();
    Tensor input = samples.inputs().getFirst();
    try (Ops ops = Ops.serial()) {
      float[] before = logits(ops, model, input);
      MethodReport unused = apply(method(3, 0.1, principal), ops, model, teacher, samples);
      double difference = RandomModels.relativeDifference(logits(ops, model, input), before);
      assertTrue(difference < 1e-4, "relative difference " + difference);
      assertTrue(
          model.sites().get("head.input").functions().stream()
              .allMatch(ChannelScale.class::isInstance),
          "what is left is written with the model");
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
      MethodReport report =
          apply(
              method(30, 0.005, false),
              ops,
              RandomTextModels.llama(SHAPE, 5),
              RandomTextModels.llama(SHAPE, 5),
              text());
      List<double[]> losses = report.curves().getFirst().points();
      assertTrue(
          losses.getLast()[1] < 0.85 * losses.getFirst()[1],
          "the loss went from " + losses.getFirst()[1] + " to " + losses.getLast()[1]);
    }
  }

  /**
   * A disc in a square; a thin ellipse along a diagonal, turned on the axes, of equal extents, and
   * made round by scales.
   */
  @Test
  void qsurOfTwoChannels() {
    double disc = Math.PI / 4;
    assertEquals(Math.log(disc) / 2, Qsur.logarithmPerChannel(new double[] {3, 0, 0, 3}, 2), 1e-12);
    double onAxes = Qsur.logarithmPerChannel(new double[] {9, 0, 0, 1}, 2);
    double diagonal =
        Qsur.logarithmPerChannel(new double[] {5, 4, 4, 5}, 2); // the same, turned by 45 degrees
    assertEquals(Math.log(disc * 3 / 9) / 2, onAxes, 1e-12);
    assertEquals(Math.log(disc * 3 / 5) / 2, diagonal, 1e-12);
    assertEquals(
        Math.log(disc) / 2, Qsur.logarithmPerChannel(new double[] {9.0 / 9, 0, 0, 1}, 2), 1e-12);
    double[] ball = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    assertEquals(Math.log(Math.PI / 6) / 3, Qsur.logarithmPerChannel(ball, 3), 1e-12);
    assertThrows(
        IllegalArgumentException.class,
        () -> Qsur.logarithmPerChannel(new double[] {1, 2, 2, 1}, 2));
  }
}
