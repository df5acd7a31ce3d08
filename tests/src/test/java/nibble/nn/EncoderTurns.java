package nibble.nn;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.encoder.Bert;
import nibble.nn.encoder.BertConfig;
import nibble.nn.encoder.Encoder;
import nibble.nn.encoder.EncoderSize;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Whole encoders with random weights, batch 1, for a comparison with another program: both run as
 * long-lived processes that take turns. Argument: threads. Reads lines such as {@code deit fp32
 * 0.35} (model, weights, seconds) from its input and answers each, after so many seconds of passes,
 * with model, weights, passes per second of the clock, passes per second of processor time of the
 * calling thread, and the bytes that it allocated for a pass.
 *
 * <p>Models: {@code deit} (DeiT-Tiny at 224 pixels), {@code vitb} (ViT-B/16), {@code minilm} (6
 * layers of width 384, 128 tokens). Weights: {@code fp32}, {@code w4a16} (groups of 32), {@code
 * w4a4}, {@code w4a8}, {@code w8a8} (one scale per channel, symmetric activations); codes are those
 * of normal weights, patch embedding and head stay in float.
 */
final class EncoderTurns {
  private static final int CLASSES = 1000;

  private EncoderTurns() {}

  public static void main(String[] args) throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Map<String, Runnable> passes = new HashMap<>();
    try (Ops ops = new Ops(WorkSplitter.ofThreads(Integer.parseInt(args[0])));
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        Runnable pass =
            passes.computeIfAbsent(words[0] + " " + words[1], _ -> pass(ops, words[0], words[1]));
        long processor = threads.getCurrentThreadCpuTime();
        long bytes = threads.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        long end = start + (long) (Double.parseDouble(words[2]) * 1e9);
        int count = 0;
        long now;
        do {
          pass.run();
          count++;
          now = System.nanoTime();
        } while (now < end);
        System.out.printf(
            Locale.ROOT,
            "%s %s %.3f %.3f %d%n",
            words[0],
            words[1],
            count * 1e9 / (now - start),
            count * 1e9 / (threads.getCurrentThreadCpuTime() - processor),
            (threads.getCurrentThreadAllocatedBytes() - bytes) / count);
      }
    }
  }

  private static Runnable pass(Ops ops, String model, String weights) {
    return switch (model) {
      case "deit" -> images(ops, 192, 3, 768, weights);
      case "vitb" -> images(ops, 768, 12, 3072, weights);
      case "minilm" -> tokens(ops, weights);
      default -> throw new IllegalArgumentException("no model " + model);
    };
  }

  private static Runnable images(Ops ops, int hidden, int heads, int intermediate, String weights) {
    ViTConfig config =
        new ViTConfig(
            ViTConfig.VIT,
            224,
            16,
            3,
            hidden,
            12,
            heads,
            intermediate,
            Activation.GELU,
            1e-6f,
            true,
            CLASSES,
            Norm.Kind.LAYER);
    ViT vit = new ViT(config, new RandomWeights(new Random(1), 0.02f));
    execute(vit, weights);
    float[] pixels = new float[3 * 224 * 224];
    Random random = new Random(2);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    Tensor image = Tensor.of(pixels, 1, 3, 224, 224);
    return inference(ops, () -> vit.forward(ops, image));
  }

  private static Runnable tokens(Ops ops, String weights) {
    EncoderSize size = new EncoderSize("BertModel", 1000, 384, 6, 1536, 12, 512, 1e-12f, false);
    Encoder encoder =
        Bert.of(
            new BertConfig(size, "bert.", 2, 0, Activation.GELU),
            new RandomWeights(new Random(1), 0.02f));
    execute(encoder, weights);
    List<int[]> ids = List.of(new Random(2).ints(128, 0, size.vocabulary()).toArray());
    return inference(ops, () -> encoder.encode(ops, ids));
  }

  private static Runnable inference(Ops ops, Runnable pass) {
    return () -> {
      try (Ops.Mode inference = ops.noGrad();
          Scope scope = ops.scope()) {
        pass.run();
      }
    };
  }

  private static void execute(Model model, String weights) {
    if (weights.equals("fp32")) {
      return;
    }
    for (Linear linear : model.linears()) {
      if (linear.out() != CLASSES && !linear.name().equals("patch_embed")) {
        linear.execute(codes(linear, weights));
      }
    }
  }

  private static PackedIntWeight codes(Linear linear, String weights) {
    int bits = weights.startsWith("w8") ? 8 : 4;
    int most = (1 << bits - 1) - 1;
    double deviation = most / 3.0;
    @Nullable ActivationQuantizer activations =
        switch (weights) {
          case "w4a16" -> null;
          case "w4a4" -> ActivationQuantizer.perToken(4, true);
          case "w4a8", "w8a8" -> ActivationQuantizer.perToken(8, true);
          default -> throw new IllegalArgumentException("no weights " + weights);
        };
    int group = activations == null ? 32 : linear.in();
    Random random = new Random(3);
    byte[] codes = new byte[linear.out() * linear.in()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) Math.clamp(Math.rint(random.nextGaussian() * deviation), -most, most);
    }
    float[] scales = new float[linear.out() * (linear.in() / group)];
    Arrays.fill(scales, (float) (0.02 / deviation));
    return new PackedIntWeight(
        IntWeights.packSymmetric(codes, scales, linear.out(), linear.in(), bits, group),
        activations);
  }
}
