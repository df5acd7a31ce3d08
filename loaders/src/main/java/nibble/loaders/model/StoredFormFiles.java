package nibble.loaders.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.Model;
import nibble.nn.Operator;
import nibble.nn.integer.StoredForm;
import nibble.nn.integer.StoredForms;
import nibble.nn.site.FunctionRecord;

/**
 * Stored forms of operators in files. Under {@code nibble} in {@code config.json}: {@code
 * operators}, a list of {@code operator}, {@code kind}, {@code numbers} and the names of {@code
 * tensors}. The tensors are {@code nibble.operator.<operator>.<name>}.
 */
final class StoredFormFiles {
  private static final String OPERATORS = "operators";

  private StoredFormFiles() {}

  /** Adds what the model has to the {@code nibble} object. */
  static JsonObject addTo(JsonObject extensions, Model model) {
    List<JsonValue> forms = new ArrayList<>();
    forEachForm(
        model,
        (operator, record) ->
            forms.add(
                StoredFunctionFiles.json(record)
                    .with("operator", new JsonString(operator.name()))));
    return forms.isEmpty() ? extensions : extensions.with(OPERATORS, JsonArray.of(forms));
  }

  /** The tensors of what the model has. */
  static List<TensorSource> tensors(Model model) {
    List<TensorSource> tensors = new ArrayList<>();
    forEachForm(
        model,
        (operator, record) ->
            record
                .tensors()
                .forEach(
                    (name, tensor) ->
                        tensors.add(TensorSource.of(prefix(operator.name()) + name, tensor))));
    return tensors;
  }

  private static String prefix(String operator) {
    return "nibble.operator." + operator + ".";
  }

  private static void forEachForm(Model model, BiConsumer<Operator, FunctionRecord> action) {
    for (Operator operator : model.sites().operators()) {
      operator
          .form()
          .ifPresent(
              form -> {
                if (form instanceof StoredForm stored) {
                  action.accept(operator, stored.stored());
                }
              });
    }
  }

  /** Puts into {@code model} what its files hold. */
  static void install(Model model, JsonObject config, TensorFile file) {
    JsonObject extensions = config.findObject("nibble").orElse(JsonObject.empty());
    JsonArray forms = extensions.findArray(OPERATORS).orElse(JsonArray.ofInts());
    for (int i = 0; i < forms.size(); i++) {
      JsonObject json = forms.object(i);
      String name = json.string("operator");
      try {
        Operator operator = model.sites().operator(name);
        StoredForm form = StoredForms.of(StoredFunctionFiles.record(json, prefix(name), file));
        if (form.operator() != operator.kind()) {
          throw new IllegalArgumentException(
              "the form is one of %s, expected one of %s"
                  .formatted(form.operator(), operator.kind()));
        }
        operator.replace(form);
      } catch (IllegalArgumentException e) {
        throw json.error("for operator '" + name + "': " + e.getMessage());
      }
    }
  }
}
