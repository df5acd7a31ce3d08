package nibble.nn.decoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Arrays;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.TokenIds;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients of whole models against central differences of their loss in single precision. */
class TextGradientsTest {
  private static final int[] IDS = {3, 9, 4, 9, 14, 2};
  private static final int[] TARGETS = {9, 4, 9, 14, 2, 7};
  private static final float H = 1e-2f;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-biases",
        "qwen3",
        "phi3-partial",
        "gemma2",
        "gpt2",
        "opt-post",
        "gpt-neox",
        "bert",
        "modernbert"
      })
  void gradientsEqualDifferences(String name) {
    try (LoadedModel loaded = ModelLoader.load(Golden.path("text/" + name));
        Ops ops = Ops.serial()) {
      Model model = loaded.model();
      model.parameters().forEach(Parameter::train);
      ops.backward(loss(ops, model));
      for (Parameter parameter : model.parameters()) {
        Tensor gradient = parameter.floats().grad();
        assertNotNull(gradient, name + " " + parameter.name());
        float[] actual = gradient.toFloats();
        int largest = largest(actual);
        float expected = difference(ops, model, parameter, largest);
        // the error of a central difference is of the order of h^2 and of the rounding of the loss
        // divided by h
        assertEquals(
            expected,
            actual[largest],
            0.03 * Math.abs(expected) + 3e-4,
            name + " " + parameter.name() + " element " + largest);
      }
    }
  }

  private static float difference(Ops ops, Model model, Parameter parameter, int element) {
    float[] values = parameter.floats().array();
    int at = parameter.floats().offset() + element;
    float before = values[at];
    try (var inference = ops.noGrad()) {
      values[at] = before + H;
      model.linears().forEach(l -> l.weightChanged());
      double up = loss(ops, model).item();
      values[at] = before - H;
      model.linears().forEach(l -> l.weightChanged());
      double down = loss(ops, model).item();
      values[at] = before;
      return (float) ((up - down) / (2 * H));
    }
  }

  private static Tensor loss(Ops ops, Model model) {
    Tensor out = model.forward(ops, TokenIds.tensor(IDS));
    Tensor rows = ops.reshape(out, IDS.length, out.dim(2));
    int classes = out.dim(2);
    return ops.crossEntropy(rows, Arrays.stream(TARGETS).map(t -> t % classes).toArray());
  }

  private static int largest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (Math.abs(values[i]) > Math.abs(values[best])) {
        best = i;
      }
    }
    return best;
  }
}
