package nibble.cli.training;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.evaluation.Score;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.model.ModelFamilies;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.tensor.DType;
import nibble.tensor.Tensor;

/**
 * Writes a trained image classifier as a Hugging Face folder: configuration, weights,
 * preprocessing, and how it was made.
 */
public final class TrainedModelFolder {
  private TrainedModelFolder() {}

  /**
   * How a model was made, kept with it.
   *
   * @param version version of this program
   * @param command the command line that makes it again
   * @param options knobs of the training
   * @param seconds time spent
   * @param heldOut score on images that training never saw
   */
  public record Provenance(
      String version, String command, TrainingOptions options, double seconds, Score heldOut) {}

  /**
   * Rounds all parameters to {@code dtype}, in place, so that the model in memory computes what the
   * written one will.
   */
  public static void round(ImageClassifier model, DType dtype) {
    for (Parameter parameter : model.parameters()) {
      parameter.set(Tensor.of(parameter.floats().to(dtype).toFloats(), parameter.shape().dims()));
    }
    model.linears().forEach(Linear::weightChanged);
  }

  /**
   * Writes the files into an existing folder.
   *
   * @param labels name of each class
   * @param base configuration to start from: empty, or that of the model that was trained further
   * @param preprocessor content of {@code preprocessor_config.json}
   */
  public static void write(
      Path folder,
      ImageClassifier model,
      DType dtype,
      List<String> labels,
      JsonObject base,
      JsonObject preprocessor,
      Provenance provenance,
      TrainingLog log) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Parameter parameter : model.parameters()) {
      tensors.put(parameter.name(), parameter.stored().to(dtype));
    }
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    Json.write(folder.resolve("config.json"), config(model, dtype, labels, base));
    Json.write(folder.resolve("preprocessor_config.json"), preprocessor);
    Json.write(folder.resolve("training.json"), training(provenance, log));
  }

  private static JsonObject config(
      ImageClassifier model, DType dtype, List<String> labels, JsonObject base) {
    JsonObject.Builder names = JsonObject.builder();
    JsonObject.Builder numbers = JsonObject.builder();
    for (int i = 0; i < labels.size(); i++) {
      names.put(Integer.toString(i), labels.get(i));
      numbers.put(labels.get(i), i);
    }
    String torchName =
        dtype == DType.F16 ? "float16" : dtype == DType.BF16 ? "bfloat16" : "float32";
    return ModelFamilies.of(model)
        .toJson(base, model)
        .with("torch_dtype", new JsonString(torchName))
        .with("id2label", names.build())
        .with("label2id", numbers.build());
  }

  private static JsonObject training(Provenance provenance, TrainingLog log) {
    TrainingOptions options = provenance.options();
    JsonObject knobs =
        JsonObject.builder()
            .put("images", options.images())
            .put("batch_size", options.batchSize())
            .put("learning_rate", options.rate())
            .put("weight_decay", options.decay())
            .put("warm_up", options.warmUp())
            .put("label_smoothing", (double) options.labelSmoothing())
            .put("gradient_clip", options.clip())
            .put("seed", options.seed())
            .build();
    List<JsonValue> points =
        log.points().stream()
            .<JsonValue>map(
                p ->
                    JsonObject.builder()
                        .put("images", p.images())
                        .put("loss", rounded(p.loss()))
                        .put("accuracy", rounded(p.accuracy()))
                        .build())
            .toList();
    return JsonObject.builder()
        .put("made_by", "nibble " + provenance.version())
        .put("command", provenance.command())
        .put("options", knobs)
        .put("seconds", rounded(provenance.seconds()))
        .put("held_out_images", provenance.heldOut().count())
        .put("held_out_top1", rounded(provenance.heldOut().top1()))
        .put("log", JsonArray.of(points))
        .build();
  }

  private static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }
}
