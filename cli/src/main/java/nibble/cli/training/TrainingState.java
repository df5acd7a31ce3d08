package nibble.cli.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.terminal.CommandFailure;
import nibble.loaders.safetensors.Safetensors;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.nn.Parameter;
import nibble.nn.train.AdamW;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A training run in one safetensors file: parameters, the optimizer's memory, the log, the number
 * of updates.
 */
public final class TrainingState {
  private static final String VALUE = "value.";
  private static final String FIRST = "first.";
  private static final String SECOND = "second.";
  private static final String LOG = "log";

  private TrainingState() {}

  /**
   * Writes the state in one step: a reader sees the old file or the new one.
   *
   * @param run text that says which run this is (command, options); {@link #load} wants the same
   */
  public static void save(Training training, String run, Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Parameter parameter : training.model().parameters()) {
      Tensor value = parameter.floats();
      AdamW.State state = training.optimizer().state(value);
      int size = (int) value.size();
      tensors.put(VALUE + parameter.name(), Tensor.of(value.toFloats(), size));
      tensors.put(FIRST + parameter.name(), Tensor.of(state.first(), size));
      tensors.put(SECOND + parameter.name(), Tensor.of(state.second(), size));
    }
    List<TrainingLog.Point> points = training.log().points();
    if (!points.isEmpty()) {
      tensors.put(LOG, logTensor(points));
    }
    SafetensorsWriter.write(
        file, tensors, Map.of("run", run, "step", Integer.toString(training.step())));
  }

  private static Tensor logTensor(List<TrainingLog.Point> points) {
    float[] rows = new float[3 * points.size()];
    for (int i = 0; i < points.size(); i++) {
      rows[3 * i] = points.get(i).images();
      rows[3 * i + 1] = (float) points.get(i).loss();
      rows[3 * i + 2] = (float) points.get(i).accuracy();
    }
    return Tensor.of(rows, points.size(), 3);
  }

  /**
   * Puts a stored state into a fresh run with the same options.
   *
   * @throws CommandFailure if the file belongs to another run
   */
  public static void load(Training training, String run, Path file) {
    try (Safetensors stored = Safetensors.open(file)) {
      String found = stored.metadata().getOrDefault("run", "");
      if (!found.equals(run)) {
        throw CommandFailure.failed(
            "%s: belongs to another run (%s), expected %s; repeat its options or begin anew in another folder"
                .formatted(file, found, run));
      }
      int step = Integer.parseInt(stored.metadata().getOrDefault("step", "0"));
      Map<String, Tensor> tensors = stored.tensors();
      for (Parameter parameter : training.model().parameters()) {
        Tensor value = parameter.floats();
        System.arraycopy(
            floats(tensors, VALUE + parameter.name(), value, file),
            0,
            value.array(),
            value.offset(),
            (int) value.size());
        float[] first = floats(tensors, FIRST + parameter.name(), value, file);
        float[] second = floats(tensors, SECOND + parameter.name(), value, file);
        training.optimizer().restore(value, new AdamW.State(step, first, second));
      }
      training.restore(step, points(tensors.get(LOG)));
    }
  }

  private static float[] floats(Map<String, Tensor> tensors, String name, Tensor like, Path file) {
    Tensor tensor = tensors.get(name);
    if (tensor == null || tensor.size() != like.size()) {
      throw CommandFailure.failed(
          "%s: tensor '%s' is %s, expected %d elements; begin anew in another folder"
              .formatted(file, name, tensor == null ? "missing" : tensor.shape(), like.size()));
    }
    return tensor.toFloats();
  }

  private static List<TrainingLog.Point> points(@Nullable Tensor log) {
    List<TrainingLog.Point> points = new ArrayList<>();
    float[] rows = log == null ? new float[0] : log.toFloats();
    for (int i = 0; i + 2 < rows.length; i += 3) {
      points.add(new TrainingLog.Point((long) rows[i], rows[i + 1], rows[i + 2]));
    }
    return points;
  }
}
