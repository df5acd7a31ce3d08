package nibble.loaders.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import nibble.loaders.BadFileException;
import nibble.loaders.api.ImageClassifier.Prediction;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.PixelSize;
import nibble.loaders.image.RgbImage;
import nibble.nn.clip.ClipModel;
import nibble.nn.encoder.SentencePooling;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * CLIP or SigLIP, its tokenizer and preprocessing. Inputs are prepared on the calling thread; the
 * model computes one call at a time.
 */
final class ModelImageTextEmbedder implements ImageTextEmbedder {
  private static final int BATCH = 32;

  private final ModelSession session;
  private final ClipModel model;
  private final ClipTexts texts;
  private final ImagePreprocessor preprocessor;

  private ModelImageTextEmbedder(ModelSession session) {
    this.session = session;
    model = session.loaded().clip();
    texts = new ClipTexts(session.loaded());
    preprocessor = session.loaded().preprocessor();
    int side = model.config().imageSize();
    PixelSize made = preprocessor.outputSize().orElse(new PixelSize(side, side));
    if (made.width() != side || made.height() != side) {
      throw BadFileException.of(
          session.loaded().checkpoint().folder().resolve(Checkpoint.PREPROCESSOR),
          "makes images of %d x %d pixels, expected %d x %d as in %s"
              .formatted(made.width(), made.height(), side, side, Checkpoint.CONFIG));
    }
  }

  static ModelImageTextEmbedder open(Path folder, int threads, boolean warmUp) {
    return ModelSession.open(folder, threads, warmUp, "embedder", ModelImageTextEmbedder::new);
  }

  @Override
  public List<float[]> embedTexts(List<String> wanted) {
    List<int[]> ids = wanted.stream().map(texts::ids).toList();
    List<float[]> vectors = new ArrayList<>(ids.size());
    for (int from = 0; from < ids.size(); from += BATCH) {
      List<int[]> batch = ids.subList(from, Math.min(ids.size(), from + BATCH));
      float[] all = session.compute(ops -> ofLength1(ops, model.textVectors(ops, batch)));
      for (int i = 0; i < batch.size(); i++) {
        vectors.add(Arrays.copyOfRange(all, i * dimension(), (i + 1) * dimension()));
      }
    }
    return vectors;
  }

  @Override
  public float[] embedImage(RgbImage image) {
    Tensor pixels = preprocessor.apply(List.of(image));
    return session.compute(ops -> ofLength1(ops, model.forward(ops, pixels)));
  }

  private static Tensor ofLength1(Ops ops, Tensor vectors) {
    return new SentencePooling.Normalize().apply(ops, vectors);
  }

  @Override
  public List<Prediction> classify(RgbImage image, List<String> candidates) {
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("name at least one text to choose from");
    }
    List<int[]> ids = candidates.stream().map(texts::ids).toList();
    Tensor pixels = preprocessor.apply(List.of(image));
    float[] probabilities =
        session.compute(
            ops -> {
              Tensor scores =
                  model.scores(ops, model.forward(ops, pixels), model.textVectors(ops, ids));
              return model.config().siglip() ? ops.sigmoid(scores) : ops.softmax(scores);
            });
    return IntStream.range(0, probabilities.length)
        .mapToObj(i -> new Prediction(i, candidates.get(i), probabilities[i]))
        .sorted(Comparator.comparingDouble(Prediction::probability).reversed())
        .toList();
  }

  @Override
  public int dimension() {
    return model.config().projection();
  }

  @Override
  public void close() {
    session.close();
  }
}
