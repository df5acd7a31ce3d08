package nibble.cli.quantization;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.quant.pipeline.PlannedLayer;
import nibble.quant.pipeline.RecipeRunner;

/**
 * What a quantization would cost, without doing it.
 *
 * @param layers in the order of the forward pass
 * @param tokensPerImage rows that one image gives to a linear layer of a block
 * @param images for calibration
 * @param passes of one image through the float model that methods for whole models take
 */
public record Plan(List<Layer> layers, int tokensPerImage, int images, double passes) {
  /**
   * Multiply-adds of GPTQ's factorisation and solution in units of {@code in^3} and {@code out
   * in^2}.
   */
  private static final double FACTOR_COST = 1.0;

  private static final long WARM_UP_NANOS = 2_000_000_000L;

  private static final int FORWARD_PASSES = 5;

  public Plan {
    layers = List.copyOf(layers);
  }

  /**
   * One linear layer, or a look-up table that is quantized.
   *
   * @param scheme empty if it stays in float
   * @param bytesBefore of the weight as stored now
   * @param bytesAfter of codes, scales and zero points
   */
  public record Layer(
      String name,
      int out,
      int in,
      Optional<PlannedLayer> scheme,
      long bytesBefore,
      long bytesAfter) {}

  /** The plan of {@code runner}'s recipe for {@code model}. */
  public static Plan of(RecipeRunner runner, Model model, int tokensPerImage, int images) {
    List<Layer> layers = new ArrayList<>();
    for (Linear linear : model.linears()) {
      Optional<PlannedLayer> plan = runner.plan().planned(linear);
      long before = linear.weight().value().byteSize();
      long after = plan.map(PlannedLayer::packedBytes).orElse(before);
      layers.add(new Layer(linear.name(), linear.out(), linear.in(), plan, before, after));
    }
    for (Embedding table : model.tables()) {
      runner
          .plan()
          .planned(table)
          .ifPresent(
              plan ->
                  layers.add(
                      new Layer(
                          table.name(),
                          table.rows(),
                          table.width(),
                          Optional.of(plan),
                          table.weight().value().byteSize(),
                          plan.packedBytes())));
    }
    return new Plan(layers, tokensPerImage, images, runner.plan().passes(images));
  }

  /** Bytes of all linear weights now. */
  public long bytesBefore() {
    return layers.stream().mapToLong(Layer::bytesBefore).sum();
  }

  /** Bytes of all linear weights afterwards. */
  public long bytesAfter() {
    return layers.stream().mapToLong(Layer::bytesAfter).sum();
  }

  /**
   * Estimate of the largest memory beside the Java runtime itself, in bytes: the residual stream of
   * the calibration images twice, the second moments of the widest layer with its factorisation,
   * its weight in double precision, and the packed weights.
   */
  public long workingBytes(int hidden) {
    long stream = images == 0 ? 0 : 2L * 4 * images * tokensPerImage * hidden;
    long widest =
        layers.stream().filter(l -> l.scheme().isPresent()).mapToLong(Layer::in).max().orElse(0);
    long moments = images == 0 ? 0 : (12 + 24) * widest * widest;
    long weight = layers.stream().mapToLong(l -> 16L * l.out() * l.in()).max().orElse(0);
    return stream + moments + weight + bytesAfter();
  }

  /** Estimate of the time, in seconds, from a product that is timed now. */
  public double seconds(WorkSplitter splitter) {
    double macs = 0;
    for (Layer layer : layers) {
      double product = (double) layer.out() * layer.in();
      macs += (FORWARD_PASSES * images + passes) * product * tokensPerImage;
      if (layer.scheme().map(PlannedLayer::needsCalibration).orElse(false)) {
        macs +=
            FACTOR_COST * ((double) layer.in() * layer.in() * layer.in() + product * layer.in());
        macs += (double) layer.in() * layer.in() * tokensPerImage * images;
      }
    }
    return macs / macsPerSecond(splitter);
  }

  /** The best of many small products, so that the time the compiler takes does not count. */
  private static double macsPerSecond(WorkSplitter splitter) {
    int n = 192;
    float[] a = new float[n * n];
    float[] b = new float[n * n];
    float[] c = new float[n * n];
    double best = 0;
    long end = System.nanoTime() + WARM_UP_NANOS;
    do {
      long start = System.nanoTime();
      Gemm.best().gemm(n, n, n, 1, a, 0, n, 1, b, 0, n, 1, false, c, 0, n, splitter);
      best = Math.max(best, (double) n * n * n / ((System.nanoTime() - start) * 1e-9));
    } while (System.nanoTime() < end);
    return best;
  }
}
