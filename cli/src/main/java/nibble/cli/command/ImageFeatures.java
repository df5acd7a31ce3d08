package nibble.cli.command;

import java.nio.file.Path;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Block;
import nibble.nn.ImageClassifier;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/** The features that an image classifier's last layer reads, as a vector of the image. */
final class ImageFeatures implements AutoCloseable {
  private final OpenModel open;
  private final ImageClassifier model;
  private final Ops ops;

  private ImageFeatures(OpenModel open, Ops ops) {
    this.open = open;
    this.model = open.imageClassifier();
    this.ops = ops;
  }

  /** The image classifier in {@code folder}. */
  static ImageFeatures open(Path folder, CommonOptions common) {
    return new ImageFeatures(
        new OpenModel(folder.toString(), ModelLoader.load(folder)), new Ops(common.openSplitter()));
  }

  String architecture() {
    return model.architecture();
  }

  /** The features of the image in {@code file}. */
  float[] of(Path file) {
    float[] pixels = open.preprocessor().apply(RgbImage.decode(file));
    int size = open.imageSide();
    try (Ops.Mode inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor x = model.embed(ops, Tensor.of(pixels, 1, model.channels(), size, size));
      for (Block block : model.blocks()) {
        x = block.forward(ops, x);
      }
      return model.features(ops, x).toFloats();
    }
  }

  @Override
  public void close() {
    ops.close();
    open.close();
  }
}
