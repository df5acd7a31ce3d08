package nibble.cli.training;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.model.ModelFamilies;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.WeightSource;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The weights of a trained model under a classifier for other classes, which starts with zeros. */
public final class NewHead implements WeightSource {
  private final Map<String, Parameter> parameters = new HashMap<>();
  private final Set<String> classifier = new HashSet<>();

  private NewHead(ImageClassifier model) {
    model.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
    for (Linear linear : model.linears()) {
      if (linear.name().startsWith("head") && linear.out() == model.classes()) {
        classifier.add(linear.weight().name());
        @Nullable Parameter bias = linear.bias();
        if (bias != null) {
          classifier.add(bias.name());
        }
      }
    }
  }

  /**
   * {@code model} with a new classifier for {@code classes} classes; shares the other weights with
   * it.
   *
   * @param config that the model was built from
   */
  public static ImageClassifier on(ImageClassifier model, JsonObject config, int classes) {
    JsonObject changed =
        config.without("id2label").without("label2id").with("num_labels", JsonNumber.of(classes));
    if (ModelFamilies.of(changed).build(changed, new NewHead(model))
        instanceof ImageClassifier result) {
      return result;
    }
    throw new IllegalStateException(model.architecture() + " built again is no image classifier");
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
    return classifier.contains(name)
        ? Tensor.of(new float[(int) Shape.of(dims).size()], dims)
        : parameter.stored();
  }
}
