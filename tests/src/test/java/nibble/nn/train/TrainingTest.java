package nibble.nn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A small network learns, and learns the same every time. */
class TrainingTest {
  private static final int POINTS = 64;
  private static final int HIDDEN = 32;
  private static final int STEPS = 150;

  /** Two layers with layer norm between, trained on four blobs in the XOR arrangement. */
  private static final class Network {
    final Tensor w1;
    final Tensor b1 = Tensor.zeros(HIDDEN).requireGrad();
    final Tensor gain;
    final Tensor w2;
    final Tensor b2 = Tensor.zeros(2).requireGrad();

    Network(Random random) {
      w1 = normal(random, 1, HIDDEN, 2).requireGrad();
      w2 = normal(random, 0.3, 2, HIDDEN).requireGrad();
      gain = Tensor.zeros(HIDDEN);
      java.util.Arrays.fill(gain.array(), 1);
      gain.requireGrad();
    }

    Tensor forward(Ops ops, Tensor x) {
      Tensor hidden = ops.gelu(ops.layerNorm(ops.linear(x, w1, b1), gain, null, 1e-5f));
      return ops.linear(hidden, w2, b2);
    }

    List<Tensor> parameters() {
      return List.of(w1, b1, gain, w2, b2);
    }
  }

  private static Tensor normal(Random random, double deviation, int... dims) {
    Tensor result = Tensor.zeros(dims);
    for (int i = 0; i < result.size(); i++) {
      result.array()[i] = (float) (random.nextGaussian() * deviation);
    }
    return result;
  }

  private record Result(float[] weights, float loss, int correct) {}

  private static Result train(int workers, boolean scoped) {
    Random random = new Random(7);
    Tensor x = normal(random, 0.3, POINTS, 2);
    int[] labels = new int[POINTS];
    for (int i = 0; i < POINTS; i++) {
      int a = i & 1;
      int b = i >> 1 & 1;
      x.array()[2 * i] += 2 * a - 1;
      x.array()[2 * i + 1] += 2 * b - 1;
      labels[i] = a ^ b;
    }
    Network network = new Network(random);
    try (Ops ops = new Ops(WorkSplitter.ofThreads(workers))) {
      AdamW optimizer =
          new AdamW(
              AdamWOptions.DEFAULTS, new ParameterGroup("all", 0.02, 0.01, network.parameters()));
      Schedule schedule = new Schedule.Cosine(10, STEPS, 0);
      float loss = 0;
      for (int step = 0; step < STEPS; step++) {
        Scope scope = scoped ? ops.scope() : null;
        Tensor cost = ops.crossEntropy(network.forward(ops, x), labels);
        ops.backward(cost);
        loss = cost.item();
        if (scope != null) {
          scope.close();
        }
        GradientClip.byGlobalNorm(optimizer.parameters(), 1);
        optimizer.step(ops.splitter(), schedule.factor(step));
        optimizer.clearGrads();
      }
      return new Result(network.w1.toFloats(), loss, correct(ops, network, x, labels));
    }
  }

  private static int correct(Ops ops, Network network, Tensor x, int[] labels) {
    try (Ops.Mode mode = ops.noGrad()) {
      Tensor logits = network.forward(ops, x);
      int correct = 0;
      for (int i = 0; i < labels.length; i++) {
        correct += (logits.get(i, 1) > logits.get(i, 0) ? 1 : 0) == labels[i] ? 1 : 0;
      }
      return correct;
    }
  }

  @Test
  void learnsXor() {
    Result result = train(1, false);
    assertEquals(POINTS, result.correct);
    assertTrue(result.loss < 0.05, "loss " + result.loss);
  }

  @Test
  void sameSeedSameWeightsWithAnyNumberOfThreadsAndWithRecycledMemory() {
    float[] first = train(1, false).weights;
    assertArrayEquals(first, train(1, false).weights);
    assertArrayEquals(first, train(2, false).weights);
    assertArrayEquals(first, train(2, true).weights);
  }
}
