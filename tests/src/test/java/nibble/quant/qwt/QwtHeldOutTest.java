package nibble.quant.qwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import nibble.loaders.data.ByteImages;
import nibble.loaders.data.Cifar10;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Block;
import nibble.nn.Model;
import nibble.quant.model.MethodReport;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import nibble.testing.VisionRuns;
import org.junit.jupiter.api.Test;

/**
 * On a trained CIFAR-10 transformer, maps that were fitted to training images bring test images
 * nearer to the float model, after every block that has one and after the last.
 */
class QwtHeldOutTest {
  private static final int CALIBRATED = 32; // 2,080 tokens, 16 for each channel
  private static final int TESTED = 32;

  private final Ops ops = Ops.serial();

  @Test
  void mapsLowerTheErrorOfFeaturesOfOtherImages() {
    Path folder = SharedData.require("small/vit-cifar10-postnorm");
    try (LoadedModel original = ModelLoader.load(folder);
        LoadedModel plain = ModelLoader.load(folder);
        LoadedModel mended = ModelLoader.load(folder);
        var inference = ops.noGrad()) {
      ByteImages training = Cifar10.read(SharedData.require("cifar10/train5000.bin"));
      ByteImages test = Cifar10.read(SharedData.require("cifar10/test2000.bin"));
      SampleSource samples =
          SampleSource.of(
              List.of(
                  Samples.unlabelled(
                      VisionRuns.pixels(training, original.preprocessor(), 0, CALIBRATED))));
      MethodReport unused =
          VisionRuns.quantize(ops, plain.model(), folder, "rtn", "W4A4", "", samples);
      MethodReport report =
          VisionRuns.quantize(ops, mended.model(), folder, "rtn+qwt", "W4A4", "", samples);
      int maps = mended.model().sites().beside().size();
      assertTrue(maps > 0, report.facts() + "");
      Tensor others = VisionRuns.pixels(test, original.preprocessor(), 0, TESTED);
      double[] before = errors(original.model(), plain.model(), others);
      double[] after = errors(original.model(), mended.model(), others);
      assertEquals(original.model().blocks().size(), before.length);
      for (int i = 0; i < before.length; i++) {
        assertTrue(after[i] < before[i], "block " + i + ": " + after[i] + " " + before[i]);
      }
      int last = before.length - 1;
      assertTrue(after[last] < 0.9 * before[last], after[last] + " " + before[last]);
    }
  }

  /** Mean squared error of the stream behind each block. */
  private double[] errors(Model original, Model quantized, Tensor pixels) {
    Tensor expected = original.embed(ops, pixels);
    Tensor actual = quantized.embed(ops, pixels);
    double[] errors = new double[original.blocks().size()];
    for (int i = 0; i < errors.length; i++) {
      expected = original.through(ops, original.blocks().get(i), expected);
      Block block = quantized.blocks().get(i);
      actual = quantized.through(ops, block, actual);
      errors[i] = ops.mse(actual, expected).item();
    }
    return errors;
  }
}
