package nibble.cli.data;

import nibble.cli.terminal.CommandFailure;
import nibble.loaders.data.ByteImages;
import nibble.loaders.image.ImagePreprocessor;

/**
 * Small images of one file, such as those of CIFAR-10 and MNIST, prepared when they are asked for.
 */
public final class ByteImageSet implements ImageSet {
  private final ByteImages images;
  private final ImagePreprocessor preprocessor;
  private final int imageSize;
  private final int count;
  private final int classes;

  /**
   * @param imageSize side of the images that the model takes, in pixels
   * @param limit only so many images from the first one on
   */
  public ByteImageSet(ByteImages images, ImagePreprocessor preprocessor, int imageSize, int limit) {
    this.images = images;
    this.preprocessor = preprocessor;
    this.imageSize = imageSize;
    count = Math.min(images.count(), limit);
    int largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, images.label(i));
    }
    classes = largest + 1;
  }

  @Override
  public long size() {
    return count;
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
    int i = Math.toIntExact(index);
    float[] prepared = preprocessor.apply(images.rgb(i));
    if (prepared.length != elements()) {
      throw CommandFailure.failed(
          "image %d becomes %d values after preprocessing, the model takes %d x %d x %d; check preprocessor_config.json"
              .formatted(i, prepared.length, channels(), imageSize, imageSize));
    }
    System.arraycopy(prepared, 0, pixels, offset, prepared.length);
    return images.label(i);
  }
}
