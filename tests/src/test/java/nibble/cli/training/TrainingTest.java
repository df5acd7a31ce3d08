package nibble.cli.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import nibble.cli.data.BatchReader;
import nibble.cli.data.ImageSet;
import nibble.cli.data.Order;
import nibble.cli.terminal.CommandFailure;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Activation;
import nibble.nn.Norm;
import nibble.nn.RandomWeights;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingTest {
  private static final TrainingOptions OPTIONS =
      new TrainingOptions(16 * 40, 16, 3e-3, 0.01, 0.1, 0f, 1, 5);
  @TempDir private Path place;

  /** Four classes: which quarter of the picture is bright. */
  private record Quarters() implements ImageSet {
    @Override
    public long size() {
      return 1L << 40;
    }

    @Override
    public int classes() {
      return 4;
    }

    @Override
    public int imageSize() {
      return 8;
    }

    @Override
    public int read(long index, float[] pixels, int offset) {
      SplittableRandom random = new SplittableRandom(index);
      int label = random.nextInt(4);
      for (int i = 0; i < elements(); i++) {
        int x = i % 8;
        int y = i / 8 % 8;
        boolean bright = x / 4 == label % 2 && y / 4 == label / 2;
        pixels[offset + i] = (bright ? 1 : -0.5f) + 0.5f * (float) random.nextDouble();
      }
      return label;
    }
  }

  @Test
  void aSmallModelLearnsAnEasyTask() {
    try (Ops ops = Ops.serial()) {
      Training training =
          new Training(model(), ops, new TrainingOptions(16 * 200, 16, 5e-3, 0.01, 0.1, 0f, 1, 5));
      run(training, 200);
      double accuracy =
          training.log().points().stream()
              .skip(170)
              .mapToDouble(TrainingLog.Point::accuracy)
              .average()
              .orElse(0);
      assertTrue(accuracy > 0.9, "accuracy " + accuracy);
      assertEquals(200, training.log().points().size());
    }
  }

  @Test
  void aResumedRunEqualsAnUninterruptedOneOnAnyNumberOfThreads() {
    ViT whole = model();
    ViT resumed = model();
    Path file = place.resolve("state.safetensors");
    try (Ops ops = Ops.serial();
        Ops two = new Ops(WorkSplitter.ofThreads(2))) {
      run(new Training(whole, ops, OPTIONS), 12);
      Training first = new Training(model(), two, OPTIONS);
      run(first, 7);
      TrainingState.save(first, "run", file);
      Training second = new Training(resumed, ops, OPTIONS);
      TrainingState.load(second, "run", file);
      assertEquals(7, second.step());
      assertEquals(first.log().points().size(), second.log().points().size());
      run(second, 5);
    }
    for (int i = 0; i < whole.parameters().size(); i++) {
      assertArrayEquals(
          whole.parameters().get(i).floats().toFloats(),
          resumed.parameters().get(i).floats().toFloats(),
          whole.parameters().get(i).name());
    }
  }

  @Test
  void theStateOfAnotherRunIsRefused() {
    Path file = place.resolve("state.safetensors");
    try (Ops ops = Ops.serial()) {
      Training training = new Training(model(), ops, OPTIONS);
      TrainingState.save(training, "one", file);
      assertThrows(CommandFailure.class, () -> TrainingState.load(training, "other", file));
    }
  }

  @Test
  void divergenceIsAnErrorThatSaysWhatToDo() {
    ViT model = model();
    model.linear("head").weight().floats().array()[0] = Float.NaN;
    try (Ops ops = Ops.serial()) {
      Training training = new Training(model, ops, OPTIONS);
      assertTrue(
          assertThrows(ArithmeticException.class, () -> run(training, 1))
              .getMessage()
              .contains("--rate"));
      assertEquals(0, training.step());
    }
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new TrainingOptions(8, 16, 1e-3, 0, 0, 0, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new TrainingOptions(64, 16, 0, 0, 0, 0, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new TrainingOptions(64, 16, 1e-3, 0, 1, 0, 1, 1));
  }

  private static void run(Training training, int updates) {
    long from = (long) training.step() * OPTIONS.batchSize();
    try (BatchReader reader =
        new BatchReader(
            new Quarters(),
            Order.sequential(),
            OPTIONS.batchSize(),
            from,
            from + (long) updates * OPTIONS.batchSize())) {
      for (int i = 0; i < updates; i++) {
        training.update(Objects.requireNonNull(reader.next()));
      }
    }
  }

  private static ViT model() {
    ViTConfig config =
        new ViTConfig(
            ViTConfig.VIT,
            8,
            4,
            3,
            16,
            1,
            2,
            32,
            Activation.ofConfig("gelu"),
            1e-6f,
            true,
            4,
            Norm.Kind.LAYER);
    return new ViT(config, new RandomWeights(new SplittableRandom(3), 0.1f));
  }
}
