package nibble.cli.data;

import nibble.cli.terminal.CommandFailure;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.image.ImagePreprocessor;

/** Image files with labels, decoded and prepared when they are asked for. */
public final class FolderImageSet implements ImageSet {
  private final LabeledImages images;
  private final ImagePreprocessor preprocessor;
  private final int imageSize;
  private final int classes;

  /**
   * @param imageSize side of the images that the model takes, in pixels
   */
  public FolderImageSet(LabeledImages images, ImagePreprocessor preprocessor, int imageSize) {
    this.images = images;
    this.preprocessor = preprocessor;
    this.imageSize = imageSize;
    classes =
        1 + images.samples().stream().mapToInt(LabeledImages.Sample::classIndex).max().orElse(0);
  }

  @Override
  public long size() {
    return images.size();
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  @Override
  public int channels() {
    return preprocessor.channels();
  }

  @Override
  public int read(long index, float[] pixels, int offset) {
    LabeledImages.Sample sample = images.samples().get(Math.toIntExact(index));
    float[] prepared = preprocessor.apply(sample.decode());
    if (prepared.length != elements()) {
      throw CommandFailure.failed(
          "%s: becomes %d values after preprocessing, the model takes %d x %d x %d; check preprocessor_config.json"
              .formatted(sample.file(), prepared.length, channels(), imageSize, imageSize));
    }
    System.arraycopy(prepared, 0, pixels, offset, prepared.length);
    return sample.classIndex();
  }
}
