package nibble.cli.command;

import java.util.List;
import java.util.SplittableRandom;
import nibble.cli.data.ImageSet;
import nibble.cli.data.SyntheticImageSet;
import nibble.cli.synthetic.ClassNames;
import nibble.cli.synthetic.Split;
import nibble.loaders.json.JsonObject;
import nibble.nn.ImageClassifier;
import nibble.nn.RandomWeights;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;

/**
 * What is trained on what.
 *
 * @param model with its starting weights
 * @param images endless, to learn from
 * @param heldOut for the final score
 * @param labels names of the classes
 * @param config configuration that the written one starts from
 * @param preprocessor content of the written {@code preprocessor_config.json}
 * @param arguments of the command line that choose all this
 */
record TrainingTask(
    ImageClassifier model,
    ImageSet images,
    ImageSet heldOut,
    List<String> labels,
    JsonObject config,
    JsonObject preprocessor,
    String arguments) {
  private static final float STARTING_DEVIATION = 0.02f;

  /** A new model on the built-in pictures. */
  static TrainingTask builtIn(ModelShape shape, int testImages, long seed) {
    ViT model = fresh(shape.config(ClassNames.COUNT), seed);
    int size = model.imageSize();
    return new TrainingTask(
        model,
        SyntheticImageSet.endless(seed, size),
        new SyntheticImageSet(Split.TEST, seed, size, testImages),
        ClassNames.all(),
        JsonObject.empty(),
        BuiltInPreprocessor.config(size),
        shape.arguments());
  }

  /** A model with random weights. */
  static ViT fresh(ViTConfig config, long seed) {
    return new ViT(config, new RandomWeights(new SplittableRandom(seed), STARTING_DEVIATION));
  }
}
