package nibble.nn.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class ViTTest {
  private static final List<String> ARCHITECTURES =
      List.of(ViTConfig.VIT, ViTConfig.DEIT, ViTConfig.DEIT_DISTILLED);

  @Property(tries = 40)
  void logitsEqualTheSpecification(
      @ForAll long seed,
      @ForAll @IntRange(max = 2) int architecture,
      @ForAll @IntRange(min = 1, max = 4) int heads,
      @ForAll @IntRange(min = 1, max = 9) int headDim,
      @ForAll @IntRange(min = 1, max = 3) int layers,
      @ForAll boolean qkvBias,
      @ForAll boolean recording) {
    ViT model =
        RandomModels.vit(
            RandomModels.vitConfig(
                ARCHITECTURES.get(architecture), heads, headDim, layers, 20, qkvBias),
            seed);
    DoubleViT truth = new DoubleViT(model);
    Tensor pixels = RandomModels.pixels(2, seed + 1);
    float[] logits;
    try (Ops ops = Ops.serial()) {
      logits = recording ? model.forward(ops, pixels).toFloats() : inference(ops, model, pixels);
    }
    float[] expected = new float[logits.length];
    for (int image = 0; image < 2; image++) {
      double[] one = truth.logits(image(pixels, image));
      for (int i = 0; i < one.length; i++) {
        expected[image * one.length + i] = (float) one[i];
      }
    }
    double difference = RandomModels.relativeDifference(logits, expected);
    assertTrue(difference < 5e-5, "relative difference " + difference);
  }

  /** Central differences of the specification, in double: exact to about h^2. */
  @Property(tries = 3)
  void gradientsEqualFiniteDifferences(
      @ForAll long seed, @ForAll @IntRange(max = 2) int architecture) {
    ViT model =
        RandomModels.vit(
            RandomModels.vitConfig(ARCHITECTURES.get(architecture), 2, 4, 2, 12, true), seed);
    DoubleViT truth = new DoubleViT(model);
    Tensor pixels = RandomModels.pixels(2, seed + 1);
    int[] labels = {3, 6};
    try (Ops ops = Ops.serial()) {
      model.parameters().forEach(Parameter::train);
      ops.backward(ops.crossEntropy(model.forward(ops, pixels), labels));
    }
    double[][] images = {image(pixels, 0), image(pixels, 1)};
    for (Parameter parameter : model.parameters()) {
      Tensor gradient = parameter.floats().grad();
      assertNotNull(gradient, parameter.name());
      float[] actual = gradient.toFloats();
      double[] values = truth.parameter(parameter.name());
      for (int i = 0; i < values.length; i += Math.max(1, values.length / 2 - 1)) {
        double h = 1e-4;
        double before = values[i];
        values[i] = before + h;
        double up = loss(truth, images, labels);
        values[i] = before - h;
        double down = loss(truth, images, labels);
        values[i] = before;
        double expected = (up - down) / (2 * h);
        assertEquals(
            expected,
            actual[i],
            1e-4 * Math.abs(expected) + 2e-5,
            parameter.name() + " element " + i);
      }
    }
  }

  @Test
  void inferenceIsTheSameOnSeveralThreads() {
    ViT model =
        RandomModels.vit(RandomModels.vitConfig(ViTConfig.DEIT_DISTILLED, 3, 8, 2, 40, true), 5);
    Tensor pixels = RandomModels.pixels(5, 6);
    try (Ops one = Ops.serial();
        Ops two = new Ops(WorkSplitter.ofThreads(2))) {
      assertArrayEquals(inference(one, model, pixels), inference(two, model, pixels));
    }
  }

  @Test
  void pixelsOfAnotherShapeAreRefused() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 1, 4, 1, 8, true), 1);
    try (Ops ops = Ops.serial()) {
      for (int[] dims : new int[][] {{2, 3, 12, 16}, {2, 1, 12, 12}, {3, 12, 12}}) {
        IllegalArgumentException e =
            assertThrows(
                IllegalArgumentException.class, () -> model.forward(ops, Tensor.zeros(dims)));
        String expected =
            "the model takes pixels of shape [%d, 3, 12, 12], these are %s"
                .formatted(dims[0], Arrays.toString(dims));
        assertEquals(expected, e.getMessage());
      }
    }
  }

  @Test
  void everySiteIsPassed() {
    for (String architecture : ARCHITECTURES) {
      ViT model = RandomModels.vit(RandomModels.vitConfig(architecture, 2, 4, 2, 8, true), 1);
      Set<String> expected = new HashSet<>();
      Set<String> passed = new HashSet<>();
      for (Site site : model.sites().all()) {
        expected.add(site.name());
        site.append(
            (o, x) -> {
              passed.add(site.name());
              return x;
            });
      }
      try (Ops ops = Ops.serial()) {
        inference(ops, model, RandomModels.pixels(1, 1));
      }
      assertEquals(expected, passed);
      assertTrue(
          expected.containsAll(
              List.of(
                  "patch_embed.input",
                  "blocks.1.attn.qkv.input",
                  "blocks.0.attn.probs",
                  "blocks.1.mlp.fc2.weight")));
    }
  }

  @Test
  void attentionIsComputedInOneGoOnlyWhileNothingLooksInside() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.DEIT, 2, 8, 2, 20, true), 4);
    Tensor pixels = RandomModels.pixels(2, 5);
    try (Ops ops = Ops.serial()) {
      float[] fused = inference(ops, model, pixels);
      for (String name : List.of("q_out", "k_out", "v_out", "probs")) {
        Site site = model.sites().get("blocks.1.attn." + name);
        List<int[]> shapes = new ArrayList<>();
        site.append(
            (o, x) -> {
              shapes.add(x.shape().dims());
              return x;
            });
        float[] plain = inference(ops, model, pixels);
        site.clear();
        assertArrayEquals(
            new int[] {2, 2, 11, name.equals("probs") ? 11 : 8}, shapes.getFirst(), name);
        assertTrue(RandomModels.relativeDifference(fused, plain) < 1e-5, name);
      }
    }
  }

  @Test
  void linearsComeInForwardOrder() {
    ViT model =
        RandomModels.vit(RandomModels.vitConfig(ViTConfig.DEIT_DISTILLED, 2, 4, 1, 8, true), 1);
    List<String> names = model.linears().stream().map(Linear::name).toList();
    assertEquals(
        List.of(
            "patch_embed",
            "blocks.0.attn.q",
            "blocks.0.attn.k",
            "blocks.0.attn.v",
            "blocks.0.attn.proj",
            "blocks.0.mlp.fc1",
            "blocks.0.mlp.fc2",
            "head",
            "head_dist"),
        names);
    assertEquals("head_dist", model.linear("head_dist").name());
    assertEquals(
        "the model has no linear layer 'tail'",
        assertThrows(IllegalArgumentException.class, () -> model.linear("tail")).getMessage());
  }

  @Test
  void wrongDimensionsAreNamed() {
    assertEquals(
        "hidden_size 8 is not a multiple of num_attention_heads 3",
        assertThrows(IllegalArgumentException.class, () -> config(12, 4, 8, 3, 1e-6f))
            .getMessage());
    assertEquals(
        "image_size 13 is not a multiple of patch_size 4",
        assertThrows(IllegalArgumentException.class, () -> config(13, 4, 8, 2, 1e-6f))
            .getMessage());
    assertEquals(
        "hidden_size must be positive, was 0",
        assertThrows(IllegalArgumentException.class, () -> config(12, 4, 0, 2, 1e-6f))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> config(12, 4, 8, 2, Float.NaN));
  }

  private static void config(int image, int patch, int hidden, int heads, float epsilon) {
    ViTConfig good = RandomModels.vitConfig(ViTConfig.VIT, 1, 4, 1, 8, true);
    new ViTConfig(
        good.architecture(),
        image,
        patch,
        3,
        hidden,
        1,
        heads,
        8,
        good.activation(),
        epsilon,
        true,
        7,
        good.norm());
  }

  private static float[] inference(Ops ops, ViT model, Tensor pixels) {
    try (var inference = ops.noGrad()) {
      return model.forward(ops, pixels).toFloats();
    }
  }

  private static double[] image(Tensor pixels, int index) {
    float[] values = pixels.toFloats();
    int size = values.length / pixels.dim(0);
    double[] image = new double[size];
    for (int i = 0; i < size; i++) {
      image[i] = values[index * size + i];
    }
    return image;
  }

  private static double loss(DoubleViT model, double[][] images, int[] labels) {
    double loss = 0;
    for (int n = 0; n < images.length; n++) {
      double[] logits = model.logits(images[n]);
      double sum = 0;
      for (double logit : logits) {
        sum += Math.exp(logit);
      }
      loss += (Math.log(sum) - logits[labels[n]]) / images.length;
    }
    return loss;
  }
}
