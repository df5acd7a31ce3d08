package nibble.loaders.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.nn.ImageClassifier;
import nibble.tensor.Tensor;

/**
 * A model with the folder it came from.
 *
 * @param checkpoint the open files; owned by this object
 * @param model the model
 */
public record LoadedModel(Checkpoint checkpoint, ImageClassifier model) implements AutoCloseable {
  /** Names of the classes by index; classes without a name are called by their number. */
  public List<String> labels() {
    List<String> names = checkpoint.labels();
    return names.isEmpty() ? IntStream.range(0, model.classes()).mapToObj(Integer::toString).toList() : names;
  }

  /**
   * To be called when a result is NaN or infinite: finds the tensor that is the cause, if it is one of the checkpoint's.
   *
   * @return the error to throw
   */
  public BadFileException notFinite() {
    for (Map.Entry<String, Tensor> entry : checkpoint.tensors().tensors().entrySet()) {
      Optional<String> found = nonFinite(entry.getValue());
      if (found.isPresent()) {
        return new BadFileException(
            "%s: tensor '%s' holds %s, expected finite weights; the file is damaged or its training diverged"
                .formatted(checkpoint.tensors().description(), entry.getKey(), found.get()));
      }
    }
    return BadFileException.of(checkpoint.folder(), "gives NaN or infinite results although its weights are finite; check the scale of the input");
  }

  private static Optional<String> nonFinite(Tensor tensor) {
    if (!tensor.dtype().isFloat()) {
      return Optional.empty();
    }
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        return Optional.of(values[i] + " at element " + i);
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    checkpoint.close();
  }
}
