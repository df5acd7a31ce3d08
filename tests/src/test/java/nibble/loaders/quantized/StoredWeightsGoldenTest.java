package nibble.loaders.quantized;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.ReorderedWeight;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Layers that a script packed as other programs do: the values must be equal to the bit, and
 * products equal those of the values.
 */
class StoredWeightsGoldenTest {
  private static final Safetensors GOLDEN =
      Safetensors.open(GoldenFiles.of("packing/packing.safetensors"));
  private static final int IN = 64;

  @AfterAll
  static void close() {
    GOLDEN.close();
  }

  private static StoredWeights stored(String quantization) {
    return StoredWeights.of(GOLDEN, config(quantization));
  }

  private static JsonObject config(String quantization) {
    return Json.parseObject(
        "config.json", "{'quantization_config':%s}".formatted(quantization).replace('\'', '"'));
  }

  private static String gptq(int bits, String more) {
    return "{'quant_method':'gptq','bits':%d,'group_size':32,'desc_act':false,'sym':true%s}"
        .formatted(bits, more);
  }

  private static final String SECOND = ",'checkpoint_format':'gptq_v2'";
  private static final String AWQ =
      "{'quant_method':'awq','bits':4,'group_size':32,'zero_point':true,'version':'gemm'}";

  private static String compressed(String format, String weights, String more) {
    return "{'quant_method':'compressed-tensors','format':'%s','config_groups':{'group_0':{'targets':['Linear'],'weights':%s}}%s}"
        .formatted(format, weights, more);
  }

  private static void assertGolden(StoredWeights weights, String layer) {
    String name = layer + ".weight";
    assertTrue(weights.has(name));
    float[] expected = GOLDEN.tensor(layer + ".expected").toFloats();
    float[] actual = weights.values(name).toFloats();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i] + 0f, actual[i] + 0f, "weight [%d, %d]".formatted(i / IN, i % IN));
    }
    weights.checkShape(name, Shape.of(32, IN));
    weights.executed(name).ifPresent(packed -> assertProducts(packed, expected));
  }

  /**
   * Products of random inputs with the packed weight against double sums over the expected values.
   */
  private static void assertProducts(PackedWeight packed, float[] weights) {
    Random random = new Random(1);
    float[] x = new float[3 * IN];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] y = packed.multiply(ops, Tensor.of(x, 3, IN), null).toFloats();
      for (int i = 0; i < y.length; i++) {
        double sum = 0;
        double magnitude = 0;
        for (int k = 0; k < IN; k++) {
          double product = (double) x[i / 32 * IN + k] * weights[i % 32 * IN + k];
          sum += product;
          magnitude += Math.abs(product);
        }
        assertEquals(sum, y[i], 4 * IN * 0x1p-24 * magnitude + 2e-7 * 128 * 3, "product " + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8})
  void gptqIsRead(int bits) {
    for (String kind : new String[] {"sym", "asym"}) {
      String layer = "gptq" + bits + kind;
      assertGolden(stored(gptq(bits, "")), layer + "v1");
      assertGolden(stored(gptq(bits, SECOND)), layer + "v2");
      PackedIntWeight packed =
          (PackedIntWeight) stored(gptq(bits, "")).executed(layer + "v1.weight").orElseThrow();
      assertEquals(
          kind.equals("sym"),
          packed.weights().isSymmetric(),
          "zero points in the middle run on the faster kernels");
    }
    assertGolden(stored(gptq(bits, "")), "gptq" + bits + "order");
    assertTrue(
        stored(gptq(bits, "")).executed("gptq" + bits + "order.weight").orElseThrow()
            instanceof ReorderedWeight);
  }

  @Test
  void zeroPointsThatWrappedAroundComeBack() {
    assertGolden(stored(gptq(4, "")), "gptq4wrap");
  }

  @ParameterizedTest
  @CsvSource({
    "gptq4symv1, ',''checkpoint_format'':''gptq_v2'''",
    "gptq4symv2, ''",
    "gptq4asymv1, ',''checkpoint_format'':''gptq_v2'''"
  })
  void theVersionMatters(String layer, String wrong) {
    float[] expected = GOLDEN.tensor(layer + ".expected").toFloats();
    float[] actual = stored(gptq(4, wrong)).values(layer + ".weight").toFloats();
    for (int i = 0; i < expected.length; i++) {
      assertNotEquals(
          expected[i], actual[i], "read as the other version every weight is one step off");
    }
  }

  @Test
  void awqIsRead() {
    assertGolden(stored(AWQ), "awq");
  }

  @Test
  void codesOfABytesAreRead() {
    String channel = "{'num_bits':8,'type':'int','strategy':'channel','symmetric':true}";
    assertGolden(stored(compressed("int-quantized", channel, "")), "int8channel");
    assertGolden(
        stored(compressed("naive-quantized", channel.replace("channel", "tensor"), "")),
        "int8tensor");
    assertGolden(
        stored(compressed("int-quantized", channel.replace("true", "false"), "")), "int8asym");
  }

  /** A zero point for all is that of every output. */
  @Test
  void oneZeroPointCountsForAllOutputs(@TempDir Path folder) {
    byte[] codes = new byte[16 * 32];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (i * 37);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(
        "x.weight", Tensor.ofSegment(MemorySegment.ofArray(codes), DType.I8, Shape.of(16, 32)));
    tensors.put("x.weight_scale", Tensor.of(new float[] {0.5f}, 1));
    tensors.put(
        "x.weight_zero_point",
        Tensor.ofSegment(MemorySegment.ofArray(new byte[] {-9}), DType.I8, Shape.of(1)));
    Path path = folder.resolve("model.safetensors");
    SafetensorsWriter.write(path, tensors, Map.of());
    try (Safetensors file = Safetensors.open(path)) {
      String all = "{'num_bits':8,'type':'int','strategy':'tensor','symmetric':false}";
      float[] values =
          StoredWeights.of(file, config(compressed("naive-quantized", all, "")))
              .values("x.weight")
              .toFloats();
      for (int i = 0; i < values.length; i++) {
        assertEquals(0.5f * (codes[i] + 9), values[i]);
      }
    }
  }

  /** Zero points that are all in the middle are left out: the symmetric kernel is faster. */
  @Test
  void zeroPointsInTheMiddleAreLeftOut(@TempDir Path folder) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String part : new String[] {"qweight", "scales"}) {
      tensors.put("x." + part, GOLDEN.tensor("awq." + part));
    }
    Tensor zeros = GOLDEN.tensor("awq.qzeros");
    int[] middle = new int[(int) zeros.size()];
    Arrays.fill(middle, 0x88888888);
    tensors.put(
        "x.qzeros", Tensor.ofSegment(MemorySegment.ofArray(middle), DType.I32, zeros.shape()));
    Path path = folder.resolve("model.safetensors");
    SafetensorsWriter.write(path, tensors, Map.of());
    try (Safetensors file = Safetensors.open(path)) {
      PackedIntWeight weight =
          (PackedIntWeight) StoredWeights.of(file, config(AWQ)).executed("x.weight").orElseThrow();
      assertTrue(weight.weights().isSymmetric());
    }
    PackedIntWeight other = (PackedIntWeight) stored(AWQ).executed("awq.weight").orElseThrow();
    assertFalse(other.weights().isSymmetric());
  }

  @Test
  void floatsOfAByteAreRead() {
    String channel = "{'num_bits':8,'type':'float','strategy':'channel','symmetric':true}";
    StoredWeights weights = stored(compressed("float-quantized", channel, ""));
    assertGolden(weights, "fp8channel");
    assertGolden(
        stored(compressed("naive-quantized", channel.replace("channel", "tensor"), "")),
        "fp8tensor");
    assertGolden(
        stored("{'quant_method':'fp8','activation_scheme':'dynamic','weight_block_size':[24,48]}"),
        "fp8blocks");
    assertTrue(weights.executed("fp8channel.weight").isEmpty());
  }

  @Test
  void ignoredLayersAreLeftAlone() {
    String channel = "{'num_bits':8,'type':'int','strategy':'channel','symmetric':true}";
    StoredWeights weights =
        stored(compressed("int-quantized", channel, ",'ignore':['re:int8a.*','int8tensor']"));
    assertTrue(weights.has("int8channel.weight"));
    assertFalse(weights.has("int8asym.weight") || weights.has("int8tensor.weight"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'quant_method':'gptq','bits':5}|key 'quantization_config.bits' is 5, expected 2, 3, 4 or"
            + " 8",
        "{'quant_method':'gptq','bits':4,'group_size':0}|group_size' is 0",
        "{'quant_method':'gptq','bits':4,'checkpoint_format':'marlin'}|checkpoint_format' is"
            + " 'marlin', expected gptq or gptq_v2",
        "{'quant_method':'gptq','bits':4,'dynamic':{'x':{'bits':8}}}|dynamic' gives single layers"
            + " other settings",
        "{'quant_method':'gptq','bits':4,'meta':{'pack_dtype':'int16'}}|pack_dtype' is 'int16'",
        "{'quant_method':'awq','bits':4,'version':'gemv'}|version' is 'gemv', whose layout is"
            + " another; expected gemm",
        "{'quant_method':'awq','bits':8}|bits' is 8, expected 4",
        "{'quant_method':'fp8','weight_block_size':[0,1]}|weight_block_size' must be two positive"
            + " numbers",
        "{'quant_method':'bitsandbytes'}|is 'bitsandbytes', expected compressed-tensors, gptq, awq"
            + " or fp8",
        "{'format':'int-quantized','config_groups':{'g':{'targets':['Linear'],'weights':{'num_bits':4,'type':'float'}}}}|is"
            + " 'float', expected int, or float with 8 bits",
        "{'format':'int-quantized','config_groups':{},'ignore':['re:(']}|key"
            + " 'quantization_config.ignore' has 're:('",
      })
  void configurationsAreChecked(String quantization, String expected) {
    String message = assertThrows(BadFileException.class, () -> stored(quantization)).getMessage();
    assertTrue(message.contains(expected), message);
  }

  @Test
  void damagedLayersAreToldInOneLine(@TempDir Path folder) {
    Map<String, Tensor> good = new LinkedHashMap<>();
    for (String part : new String[] {"qweight", "qzeros", "scales", "g_idx"}) {
      good.put("x." + part, GOLDEN.tensor("gptq4order." + part));
    }
    int[] groups =
        GOLDEN.tensor("gptq4order.g_idx").segment().toArray(ValueLayout.JAVA_INT_UNALIGNED);
    assertBroken(folder, good, "x.scales", null, "tensor 'x.scales' is missing");
    assertBroken(
        folder,
        good,
        "x.scales",
        Tensor.of(new float[64], 32, 2),
        "tensor 'x.scales' is F32 [32, 2], expected floats of shape [2, 32]");
    assertBroken(
        folder,
        good,
        "x.qzeros",
        Tensor.of(new float[8], 2, 4),
        "tensor 'x.qzeros' is F32 [2, 4], expected I32 [2, 4]");
    int[] uneven = groups.clone();
    uneven[0] = 1 - uneven[0];
    assertBroken(folder, good, "x.g_idx", ints(uneven), "expected groups 0 to 1 of 32 inputs each");
    int[] outside = Arrays.stream(groups).map(g -> g == 1 ? 2 : g).toArray();
    assertBroken(folder, good, "x.g_idx", ints(outside), "is in group 2; expected groups 0 to 1");
    assertBroken(folder, good, "x.g_idx", ints(Arrays.copyOf(groups, 63)), "expected I32 [64]");
  }

  private static Tensor ints(int[] values) {
    return Tensor.ofSegment(MemorySegment.ofArray(values), DType.I32, Shape.of(values.length));
  }

  private static void assertBroken(
      Path folder, Map<String, Tensor> good, String name, Tensor replacement, String expected) {
    Map<String, Tensor> changed = new LinkedHashMap<>(good);
    if (replacement == null) {
      changed.remove(name);
    } else {
      changed.put(name, replacement);
    }
    Path path = folder.resolve("model.safetensors");
    SafetensorsWriter.write(path, changed, Map.of());
    try (Safetensors file = Safetensors.open(path)) {
      StoredWeights weights = StoredWeights.of(file, config(gptq(4, "")));
      String message =
          assertThrows(BadFileException.class, () -> weights.executed("x.weight")).getMessage();
      assertTrue(message.startsWith(path.toString()) && message.contains(expected), message);
    }
  }

  @Test
  void reorderedWeightsCheckTheirOrder() {
    PackedIntWeight weight =
        ((ReorderedWeight) stored(gptq(4, "")).executed("gptq4order.weight").orElseThrow())
            .weight();
    int[] twice = new int[IN];
    assertThrows(IllegalArgumentException.class, () -> new ReorderedWeight(weight, twice));
    assertThrows(IllegalArgumentException.class, () -> new ReorderedWeight(weight, new int[3]));
    assertArrayEquals(
        new int[] {0x11111111, 0x55555555, 0x01010101},
        new int[] {GptqForm.onePerCode(4), GptqForm.onePerCode(2), GptqForm.onePerCode(8)});
  }
}
