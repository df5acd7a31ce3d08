package nibble.cli.data;

/** Labelled images, each as normalised pixels of one size, by index. One thread reads at a time. */
public interface ImageSet {
  /** Number of images; 2^40 stands for an endless set. */
  long size();

  /** Number of classes that labels count. */
  int classes();

  /** Width and height in pixels. */
  int imageSize();

  /** Colour channels: 3, or 1 for grey images. */
  default int channels() {
    return 3;
  }

  /**
   * Writes image {@code index} as {@code [channels, imageSize, imageSize]} to {@code pixels} from
   * {@code offset} on, and returns its label, 0 to {@link #classes()} - 1.
   *
   * @throws IndexOutOfBoundsException if there is no such image
   */
  int read(long index, float[] pixels, int offset);

  /** Elements of one image. */
  default int elements() {
    return channels() * imageSize() * imageSize();
  }
}
