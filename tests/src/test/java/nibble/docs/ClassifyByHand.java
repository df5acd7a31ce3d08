package nibble.docs;

import java.nio.file.Path;
import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/** The same as {@link ClassifyOneImage}, one level below. */
final class ClassifyByHand {
  private ClassifyByHand() {}

  // region forward
  /** Probabilities of all classes. */
  static float[] probabilities(Path folder, Path image) {
    try (LoadedModel loaded = ModelLoader.load(folder);
        Ops ops = new Ops(WorkSplitter.ofThreads(2))) {
      var preprocessor =
          ImagePreprocessor.fromJson(loaded.checkpoint().preprocessorConfig().orElseThrow());
      Tensor pixels = preprocessor.apply(List.of(RgbImage.decode(image))); // [1, 3, height, width]
      try (var inference = ops.noGrad(); // records nothing for derivatives
          var scope = ops.scope()) { // recycles the tensors of this pass
        Tensor logits = loaded.model().forward(ops, pixels); // [1, classes]
        return ops.softmax(logits).toFloats(); // a copy, which outlives the scope
      }
    }
  }
  // endregion
}
