package nibble.cli.training;

import java.util.HashMap;
import java.util.Map;
import nibble.nn.Parameter;
import nibble.nn.WeightSource;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** The weights of a trained model under a classifier for other classes, which starts with zeros. */
public final class NewHead implements WeightSource {
  private final Map<String, Parameter> parameters = new HashMap<>();

  private NewHead(ViT model) {
    model.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
  }

  /** {@code model} with a new classifier for {@code classes} classes; shares the other weights with it. */
  public static ViT on(ViT model, int classes) {
    ViTConfig old = model.config();
    ViTConfig config =
        new ViTConfig(
            old.architecture(), old.imageSize(), old.patchSize(), old.channels(), old.hidden(), old.layers(), old.heads(), old.intermediate(),
            old.activation(), old.epsilon(), old.qkvBias(), classes, old.norm());
    return new ViT(config, new NewHead(model));
  }

  @Override
  public boolean has(String name) {
    return parameters.containsKey(name);
  }

  @Override
  public Tensor get(String name, int... dims) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("the model has no parameter '" + name + "'");
    }
    return name.contains("classifier") ? Tensor.of(new float[(int) Shape.of(dims).size()], dims) : parameter.stored();
  }
}
