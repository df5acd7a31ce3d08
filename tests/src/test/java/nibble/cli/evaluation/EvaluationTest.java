package nibble.cli.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.SplittableRandom;
import nibble.cli.data.ImageSet;
import nibble.cli.data.SyntheticImageSet;
import nibble.cli.synthetic.Split;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.RandomWeights;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  private final ImageSet images = new SyntheticImageSet(Split.TEST, 1, 24, 70);

  @Test
  void placesFollowLogitsThenIndex() {
    float[] logits = {9, 1, 3, 3, 2, Float.NaN};
    assertEquals(0, Ranking.best(logits, 0, 6));
    assertEquals(
        1, Ranking.place(logits, 1, 5, 2), "the smaller index of two equal ones comes first");
    assertEquals(0, Ranking.place(logits, 1, 5, 1));
    assertEquals(4, Ranking.place(logits, 1, 5, 4), "NaN comes last");
    assertEquals(3, Ranking.best(new float[] {Float.NaN, Float.NaN, 1, 2}, 0, 4));
  }

  @Test
  void theTallyCountsPlacesAndDifferences() {
    Tally tally = new Tally(6);
    tally.add(
        new float[] {0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0},
        new int[] {5, 5},
        new float[] {0, 1, 2, 3, 4, 5, 1, 4, 3, 2, 1, 0});
    Score score = tally.score(true, 2);
    assertEquals(0.5, score.top1());
    assertEquals(0.5, score.top5());
    assertEquals(1, score.imagesPerSecond());
    Score.Comparison comparison = score.comparison();
    assertNotNull(comparison);
    assertEquals(0.5, comparison.agreement());
    assertEquals(16.0 / 12, comparison.logitMse(), 1e-12);
    double[] p = softmax(1, 4, 3, 2, 1, 0);
    double[] q = softmax(5, 4, 3, 2, 1, 0);
    double kl = 0;
    for (int i = 0; i < 6; i++) {
      kl += p[i] * Math.log(p[i] / q[i]) / 2;
    }
    assertEquals(kl, comparison.kl(), 1e-9);
  }

  @Test
  void aModelAgreesWithItselfWhateverTheBatch() {
    ViT model = model(1);
    try (Ops ops = Ops.serial()) {
      Score whole = new Evaluation(ops, 70).score(model, images, model, progress());
      Score small = new Evaluation(ops, 16).score(model, images, model, progress());
      assertEquals(70, small.count());
      assertEquals(whole.top1(), small.top1());
      assertEquals(whole.top5(), small.top5());
      Score.Comparison comparison = small.comparison();
      assertNotNull(comparison);
      assertEquals(1, comparison.agreement());
      assertEquals(0, comparison.logitMse());
      assertEquals(0, comparison.kl(), 1e-12);
    }
  }

  @Test
  void logitsThatAreNotFiniteAreAnError() {
    ViT model = model(2);
    model.linear("head").weight().floats().array()[3] = Float.NaN;
    try (Ops ops = Ops.serial()) {
      assertThrows(
          NotFiniteException.class,
          () -> new Evaluation(ops, 8).score(model, images, null, progress()));
    }
  }

  @Test
  void labelsMustFitTheModel() {
    ViT narrow = new ViT(config(10), new RandomWeights(new SplittableRandom(1), 0.02f));
    try (Ops ops = Ops.serial()) {
      assertThrows(
          CommandFailure.class,
          () -> new Evaluation(ops, 8).score(narrow, images, null, progress()));
      assertThrows(
          CommandFailure.class,
          () -> new Evaluation(ops, 8).score(model(1), images, narrow, progress()));
    }
  }

  private static double[] softmax(double... logits) {
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit);
    }
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i]) / sum;
    }
    return p;
  }

  private static ViT model(long seed) {
    return new ViT(config(64), new RandomWeights(new SplittableRandom(seed), 0.2f));
  }

  private static ViTConfig config(int classes) {
    return new ViTConfig(
        ViTConfig.VIT,
        24,
        8,
        3,
        16,
        1,
        2,
        32,
        Activation.ofConfig("gelu"),
        1e-6f,
        true,
        classes,
        Norm.Kind.LAYER);
  }

  private static Progress progress() {
    PrintWriter nowhere = new PrintWriter(new StringWriter());
    return new Console(nowhere, nowhere, false, true).progress("test", 1, "images");
  }
}
