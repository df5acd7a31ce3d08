package nibble.loaders.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import nibble.loaders.BadFileException;
import nibble.loaders.chat.ChatTemplate;
import nibble.loaders.gguf.GgufCheckpoint;
import nibble.loaders.gguf.GgufMetadata;
import nibble.loaders.gguf.GgufTokenizer;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.ImageClassifier;
import nibble.nn.Model;
import nibble.nn.clip.ClipModel;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.TextEncoder;
import nibble.tensor.Tensor;

/**
 * A model with the folder it came from.
 *
 * @param checkpoint the open files; owned by this object
 * @param model the model
 */
public record LoadedModel(Checkpoint checkpoint, Model model) implements AutoCloseable {
  /**
   * The model as an image classifier.
   *
   * @throws BadFileException if it is none
   */
  public ImageClassifier imageClassifier() {
    return as(ImageClassifier.class, "an image classifier");
  }

  /**
   * The model as a causal language model.
   *
   * @throws BadFileException if it is none
   */
  public CausalLanguageModel languageModel() {
    return as(CausalLanguageModel.class, "a causal language model");
  }

  /**
   * The model as one of images and texts.
   *
   * @throws BadFileException if it is none
   */
  public ClipModel clip() {
    return as(ClipModel.class, "a CLIP or SigLIP");
  }

  /**
   * The model as a text encoder.
   *
   * @throws BadFileException if it is none
   */
  public TextEncoder textEncoder() {
    return as(TextEncoder.class, "a text encoder");
  }

  private <M extends Model> M as(Class<M> kind, String expected) {
    if (!kind.isInstance(model)) {
      throw BadFileException.of(
          checkpoint.folder(), "is a %s, expected %s".formatted(model.architecture(), expected));
    }
    return kind.cast(model);
  }

  /**
   * How images are prepared for a model of images.
   *
   * @throws BadFileException if the folder does not say so, or means another number of colour
   *     channels than the model takes
   */
  public ImagePreprocessor preprocessor() {
    JsonObject json =
        checkpoint
            .preprocessorConfig()
            .orElseThrow(
                () ->
                    BadFileException.of(
                        checkpoint.folder(),
                        "has no %s, which says how images are prepared"
                            .formatted(Checkpoint.PREPROCESSOR)));
    ImagePreprocessor preprocessor = ImagePreprocessor.fromJson(json);
    int channels =
        model instanceof ClipModel clip ? clip.config().channels() : imageClassifier().channels();
    if (preprocessor.channels() != channels) {
      throw json.error(
          "image_mean",
          "is for images of %d channels, but the model takes %d"
              .formatted(preprocessor.channels(), channels));
    }
    return preprocessor;
  }

  /**
   * The tokenizer of the folder, or the one in the GGUF file.
   *
   * @throws BadFileException if there is none, or it is damaged
   */
  public Tokenizer tokenizer() {
    return embedded().map(GgufTokenizer::of).orElseGet(() -> Tokenizers.load(checkpoint.folder()));
  }

  /**
   * The default chat template of the folder, or the one in the GGUF file; empty if there is none.
   *
   * @throws BadFileException if it is damaged, or uses what is not supported
   */
  public Optional<ChatTemplate> chatTemplate() {
    return embedded()
        .map(GgufTokenizer::chatTemplate)
        .orElseGet(() -> ChatTemplate.load(checkpoint.folder()));
  }

  /** The metadata of a GGUF file with a tokenizer. */
  private Optional<GgufMetadata> embedded() {
    return checkpoint.tensors() instanceof GgufCheckpoint gguf
        ? Optional.of(gguf.keys()).filter(GgufTokenizer::isIn)
        : Optional.empty();
  }

  /**
   * Names of the classes of an image classifier by index; classes without a name are called by
   * their number.
   */
  public List<String> labels() {
    List<String> names = checkpoint.labels();
    return names.isEmpty()
        ? IntStream.range(0, imageClassifier().classes()).mapToObj(Integer::toString).toList()
        : names;
  }

  /**
   * To be called when a result is NaN or infinite: finds the tensor that is the cause, if it is one
   * of the checkpoint's.
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
    return BadFileException.of(
        checkpoint.folder(),
        "gives NaN or infinite results although its weights are finite; check the scale of the"
            + " input");
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
