package nibble.cli.serve;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.loaders.api.Embedder;
import nibble.loaders.api.ImageClassifier;
import nibble.loaders.api.TextGenerator;

/**
 * The models that a server offers, by the names that requests use. Immutable; owns the models.
 *
 * @param embedders answer requests for vectors
 * @param generators answer requests for text
 * @param classifiers answer requests for classes of images
 */
public record ServedModels(
    Map<String, Embedder> embedders,
    Map<String, TextGenerator> generators,
    Map<String, ImageClassifier> classifiers)
    implements AutoCloseable {
  /** No model. */
  public static final ServedModels NONE = new ServedModels(Map.of(), Map.of(), Map.of());

  public ServedModels {
    embedders = Collections.unmodifiableMap(new LinkedHashMap<>(embedders));
    generators = Collections.unmodifiableMap(new LinkedHashMap<>(generators));
    classifiers = Collections.unmodifiableMap(new LinkedHashMap<>(classifiers));
  }

  /** These and an embedder. */
  public ServedModels with(String name, Embedder embedder) {
    return new ServedModels(added(embedders, name, embedder), generators, classifiers);
  }

  /** These and a text generator. */
  public ServedModels with(String name, TextGenerator generator) {
    return new ServedModels(embedders, added(generators, name, generator), classifiers);
  }

  /** These and an image classifier. */
  public ServedModels with(String name, ImageClassifier classifier) {
    return new ServedModels(embedders, generators, added(classifiers, name, classifier));
  }

  private <M> Map<String, M> added(Map<String, M> map, String name, M model) {
    if (names().contains(name)) {
      throw new IllegalArgumentException("two models are called '" + name + "'");
    }
    Map<String, M> more = new LinkedHashMap<>(map);
    more.put(name, model);
    return more;
  }

  /** All names. */
  public List<String> names() {
    List<String> names = new ArrayList<>(embedders.keySet());
    names.addAll(generators.keySet());
    names.addAll(classifiers.keySet());
    return names;
  }

  /** A model and its name. */
  record Named<M>(String name, M model) {}

  /**
   * The model that a request means: the one it names, or the only one there is.
   *
   * @param what the models do, such as "text generation", for messages
   * @throws HttpFailure if there is no such model
   */
  static <M> Named<M> choose(Map<String, M> models, Optional<String> name, String what) {
    if (name.isEmpty() && models.size() == 1) {
      Map.Entry<String, M> only = models.entrySet().iterator().next();
      return new Named<>(only.getKey(), only.getValue());
    }
    String wanted =
        name.orElseThrow(
            () ->
                HttpFailure.badParameter(
                    "model",
                    models.isEmpty()
                        ? "is missing, and no model here does " + what
                        : "is missing"));
    M found = models.get(wanted);
    if (found == null) {
      throw HttpFailure.notFound(
          "no model '%s' does %s here; there is %s"
              .formatted(
                  wanted, what, models.isEmpty() ? "none" : String.join(", ", models.keySet())));
    }
    return new Named<>(wanted, found);
  }

  @Override
  public void close() {
    embedders.values().forEach(Embedder::close);
    generators.values().forEach(TextGenerator::close);
    classifiers.values().forEach(ImageClassifier::close);
  }
}
