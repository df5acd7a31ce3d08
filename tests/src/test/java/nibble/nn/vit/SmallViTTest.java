package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.data.ByteImages;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.safetensors.Safetensors;
import nibble.nn.Model;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/**
 * The trained CIFAR-10 and MNIST transformers against the outputs of an independent implementation.
 */
class SmallViTTest {
  private static final int BATCH = 100;

  @Test
  void cifar10() {
    Path images = SharedData.require("cifar10/test2000.bin");
    check(
        "vit-cifar10-postnorm", ByteImages.read(images, null), "logits_test2000.safetensors", 1406);
  }

  @Test
  void mnist() {
    Path images = SharedData.require("mnist/t10k-first5000-images-idx3-ubyte");
    check("vit-mnist", ByteImages.read(images, null), "logits_first5000.safetensors", 4850);
  }

  private static void check(String name, ByteImages images, String allLogits, int right) {
    Path reference = SharedData.require("reference/" + name);
    try (LoadedModel loaded = ModelLoader.load(SharedData.require("small/" + name));
        Safetensors first16 = Safetensors.open(reference.resolve("io16.safetensors"));
        Safetensors all = Safetensors.open(reference.resolve(allLogits));
        Ops ops = new Ops(WorkSplitter.ofThreads(2));
        var inference = ops.noGrad()) {
      ImagePreprocessor preprocessor =
          ImagePreprocessor.fromJson(loaded.checkpoint().preprocessorConfig().orElseThrow());
      Tensor inputs =
          first16
              .tensor(
                  first16.names().stream()
                      .filter(n -> !n.equals("logits"))
                      .findFirst()
                      .orElseThrow())
              .toF32();
      float[] logits = loaded.model().forward(ops, inputs).toFloats();
      assertClose(logits, first16.tensor("logits").toFloats(), 2e-5);
      int size = (int) (inputs.size() / inputs.dim(0));
      assertClose(
          preprocessor.apply(images.rgb(5)),
          Arrays.copyOfRange(inputs.toFloats(), 5 * size, 6 * size),
          1e-6);
      float[] every = every(ops, loaded.model(), images, preprocessor, inputs.shape().dims());
      assertClose(every, all.tensor("logits").toFloats(), 1e-4);
      assertEquals(right, right(every, images));
    }
  }

  private static float[] every(
      Ops ops, Model model, ByteImages images, ImagePreprocessor preprocessor, int[] dims) {
    float[] logits = new float[images.count() * 10];
    int size = dims[1] * dims[2] * dims[3];
    for (int from = 0; from < images.count(); from += BATCH) {
      float[] pixels = new float[BATCH * size];
      for (int i = 0; i < BATCH; i++) {
        System.arraycopy(preprocessor.apply(images.rgb(from + i)), 0, pixels, i * size, size);
      }
      float[] part =
          model.forward(ops, Tensor.of(pixels, BATCH, dims[1], dims[2], dims[3])).toFloats();
      System.arraycopy(part, 0, logits, from * 10, part.length);
    }
    return logits;
  }

  private static int right(float[] logits, ByteImages images) {
    int right = 0;
    for (int i = 0; i < images.count(); i++) {
      int best = 0;
      for (int c = 1; c < 10; c++) {
        best = logits[10 * i + c] > logits[10 * i + best] ? c : best;
      }
      right += best == images.label(i) ? 1 : 0;
    }
    return right;
  }

  private static void assertClose(float[] actual, float[] expected, double tolerance) {
    assertEquals(expected.length, actual.length);
    double difference = RandomModels.relativeDifference(actual, expected);
    assertTrue(difference < tolerance, "differs by " + difference + " of the largest value");
  }
}
