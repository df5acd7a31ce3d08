package nibble.cli.data;

import nibble.cli.synthetic.ClassNames;
import nibble.cli.synthetic.Split;
import nibble.cli.synthetic.SyntheticImages;

/**
 * Pictures of the built-in set, drawn when they are asked for. Bytes become {@code (b / 255 - 0.5)
 * / 0.5}.
 */
public final class SyntheticImageSet implements ImageSet {
  /** Mean and standard deviation of each channel in the normalisation. */
  public static final float MEAN_AND_DEVIATION = 0.5f;

  private final SyntheticImages images;
  private final long size;
  private final byte[] rgb;

  /**
   * @param size how many pictures of the endless sequence belong to this set
   * @param imageSize side in pixels
   */
  public SyntheticImageSet(Split split, long seed, int imageSize, long size) {
    images = new SyntheticImages(split, seed, imageSize);
    this.size = size;
    rgb = new byte[images.bytesPerImage()];
  }

  /** The endless stream to learn from. */
  public static SyntheticImageSet endless(long seed, int imageSize) {
    return new SyntheticImageSet(Split.TRAIN, seed, imageSize, 1L << 40);
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int classes() {
    return ClassNames.COUNT;
  }

  @Override
  public int imageSize() {
    return images.size();
  }

  @Override
  public int read(long index, float[] pixels, int offset) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("image " + index + " of " + size);
    }
    int label = images.render(index, rgb);
    int plane = rgb.length / 3;
    for (int i = 0; i < plane; i++) {
      for (int c = 0; c < 3; c++) {
        pixels[offset + c * plane + i] =
            ((rgb[3 * i + c] & 0xFF) / 255f - MEAN_AND_DEVIATION) / MEAN_AND_DEVIATION;
      }
    }
    return label;
  }
}
