package nibble.loaders.quantized;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.ReorderedWeight;
import org.junit.jupiter.api.Test;

/** Random weights written in each format and read back: the same form, the same values. */
class WrittenFormsTest {
  private static final int[] BITS = {2, 3, 4, 8};
  private static final String NAME = "a.b.weight";
  private static Path folder = Path.of("");

  @BeforeContainer
  static void makeFolder() throws IOException {
    folder = Files.createTempDirectory("nibble-forms");
  }

  @AfterContainer
  static void deleteFolder() throws IOException {
    Files.deleteIfExists(folder.resolve("model.safetensors"));
    Files.delete(folder);
  }

  /** A weight with scales that F16 can hold. */
  private static PackedWeight random(
      long seed, int bits, int out, int in, int groupSize, boolean symmetric, boolean reordered) {
    Random random = new Random(seed);
    byte[] codes = new byte[out * in];
    random.nextBytes(codes);
    int offset = symmetric ? 1 << (bits - 1) : 0;
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) ((codes[i] & (1 << bits) - 1) - offset);
    }
    float[] scales = new float[out * (in / groupSize)];
    int[] zeros = new int[scales.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = Float.float16ToFloat(Float.floatToFloat16(random.nextFloat() * 0.1f - 0.05f));
      zeros[i] = random.nextInt(1 << bits);
    }
    IntWeights weights =
        symmetric
            ? IntWeights.packSymmetric(codes, scales, out, in, bits, groupSize)
            : IntWeights.packAsymmetric(codes, scales, zeros, out, in, bits, groupSize);
    PackedIntWeight weight = new PackedIntWeight(weights, null);
    return reordered
        ? new ReorderedWeight(weight, sortedWithinGroups(random, in, groupSize))
        : weight;
  }

  /**
   * A random order whose groups list their inputs from the first to the last, as a file gives them
   * back.
   */
  private static int[] sortedWithinGroups(Random random, int in, int groupSize) {
    List<Integer> inputs = new ArrayList<>(IntStream.range(0, in).boxed().toList());
    Collections.shuffle(inputs, random);
    int[] order = inputs.stream().mapToInt(Integer::intValue).toArray();
    for (int from = 0; from < in; from += groupSize) {
      Arrays.sort(order, from, from + groupSize);
    }
    return order;
  }

  @Property(tries = 60)
  void gptqComesBack(
      @ForAll long seed,
      @ForAll @IntRange(max = 3) int b,
      @ForAll boolean symmetric,
      @ForAll boolean reordered,
      @ForAll boolean grouped) {
    PackedWeight weight =
        random(seed, BITS[b], 32, 64, grouped ? 16 : 64, symmetric, reordered && grouped);
    JsonObject quantization = GptqTensors.config(Map.of(NAME, weight));
    assertEquals(symmetric ? "gptq" : "gptq_v2", quantization.string("checkpoint_format"));
    assertEquals(grouped ? 16 : -1, quantization.integer("group_size"));
    assertEquals(weight instanceof ReorderedWeight, quantization.bool("desc_act"));
    assertComesBack(weight, GptqTensors.of(NAME, weight), quantization);
  }

  @Property(tries = 60)
  void packQuantizedComesBack(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll boolean reordered) {
    PackedWeight weight = random(seed, bits, 24, 48, 16, symmetric, reordered);
    String config =
        "{'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'g':{'targets':['Linear'],'weights':{'num_bits':%d,'symmetric':%s,'strategy':'group','group_size':16}}}}"
            .formatted(bits, symmetric);
    List<TensorSource> tensors =
        weight instanceof ReorderedWeight r
            ? PackedTensors.of(NAME, r)
            : PackedTensors.of(NAME, (PackedIntWeight) weight);
    assertComesBack(weight, tensors, Json.parseObject("config", config.replace('\'', '"')));
  }

  private static void assertComesBack(
      PackedWeight weight, List<TensorSource> tensors, JsonObject quantization) {
    Path path = folder.resolve("model.safetensors");
    SafetensorsWriter.write(path, tensors, Map.of());
    try (Safetensors file = Safetensors.open(path)) {
      PackedWeight back =
          StoredWeights.of(file, JsonObject.empty().with(StoredWeights.KEY, quantization))
              .executed(NAME)
              .orElseThrow();
      assertArrayEquals(weight.dequantized().toFloats(), back.dequantized().toFloats());
      // Zero points that are all in the middle are read as a symmetric weight, so only that may
      // differ.
      assertEquals(
          weight.format().replace(" asymmetric", ""), back.format().replace(" asymmetric", ""));
      if (weight instanceof ReorderedWeight expected) {
        assertArrayEquals(expected.order(), ((ReorderedWeight) back).order());
      }
    } finally {
      delete(path);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whatGptqCannotHoldIsRefused() {
    PackedIntWeight four = (PackedIntWeight) random(1, 4, 32, 64, 16, true, false);
    Map<String, PackedWeight> mixed = new LinkedHashMap<>();
    mixed.put("a", four);
    mixed.put("b", random(1, 8, 32, 64, 64, true, false));
    assertRefused(
        mixed,
        "'b' has 8 bits, group size -1, other layers 4 bits, group size 16; the gptq format has one"
            + " for all");
    assertRefused(
        Map.of("a", four.withActivations(new ActivationQuantizer.PerToken(8, true, 1))),
        "quantized inputs");
    assertRefused(
        Map.of("a", random(1, 5, 32, 64, 16, true, false)),
        "'a' has 5 bits, the gptq format has 2, 3, 4 or 8");
    assertRefused(Map.of("a", random(1, 3, 24, 64, 16, true, false)), "whole words of 32 bits");
    assertRefused(Map.of(), "no layer is quantized");
    IntWeights large = IntWeights.packSymmetric(new byte[32 * 32], new float[32], 32, 32, 4, 32);
    assertTrue(GptqTensors.of(NAME, new PackedIntWeight(large, null)).size() == 4);
    float[] scales = new float[32];
    scales[3] = 70_000;
    PackedIntWeight overflow =
        new PackedIntWeight(
            IntWeights.packSymmetric(new byte[32 * 32], scales, 32, 32, 4, 32), null);
    TensorSource written =
        GptqTensors.of(NAME, overflow).stream()
            .filter(t -> t.name().endsWith("scales"))
            .findFirst()
            .orElseThrow();
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> written.data().get())
            .getMessage()
            .contains("a scale of 70000.0, which F16 cannot hold"));
  }

  private static void assertRefused(Map<String, PackedWeight> weights, String expected) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> GptqTensors.config(weights))
            .getMessage();
    assertTrue(message.contains(expected), message);
  }
}
