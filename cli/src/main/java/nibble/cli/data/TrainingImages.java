package nibble.cli.data;

import java.util.SplittableRandom;

/**
 * An endless run through a set: every image once in random order, then again in another. Where
 * wanted, an image is mirrored half of the time and shifted by up to an eighth of its side in each
 * direction, its border repeated. What is read follows from the seed and the position alone. One
 * thread reads at a time.
 */
public final class TrainingImages implements ImageSet {
  private static final int SHIFT_SHARE = 8;

  private final ImageSet set;
  private final Order order;
  private final long seed;
  private final boolean varied;
  private final float[] plane;

  /**
   * @param varied whether images are mirrored and shifted
   */
  public TrainingImages(ImageSet set, long seed, boolean varied) {
    this.set = set;
    this.seed = seed;
    this.varied = varied;
    order = Order.shuffled(Math.toIntExact(set.size()), seed);
    plane = new float[set.imageSize() * set.imageSize()];
  }

  @Override
  public long size() {
    return 1L << 40;
  }

  @Override
  public int classes() {
    return set.classes();
  }

  @Override
  public int imageSize() {
    return set.imageSize();
  }

  @Override
  public int channels() {
    return set.channels();
  }

  @Override
  public int read(long position, float[] pixels, int offset) {
    int label = set.read(order.index(position), pixels, offset);
    if (varied) {
      SplittableRandom random = new SplittableRandom(seed + 0x9E3779B97F4A7C15L * position);
      int reach = imageSize() / SHIFT_SHARE;
      boolean mirrored = random.nextBoolean();
      int right = random.nextInt(2 * reach + 1) - reach;
      int down = random.nextInt(2 * reach + 1) - reach;
      for (int channel = 0; channel < channels(); channel++) {
        move(pixels, offset + channel * plane.length, mirrored, right, down);
      }
    }
    return label;
  }

  private void move(float[] pixels, int offset, boolean mirrored, int right, int down) {
    int side = imageSize();
    System.arraycopy(pixels, offset, plane, 0, plane.length);
    for (int y = 0; y < side; y++) {
      int row = Math.clamp(y - down, 0, side - 1) * side;
      for (int x = 0; x < side; x++) {
        int from = Math.clamp(x - right, 0, side - 1);
        pixels[offset + y * side + x] = plane[row + (mirrored ? side - 1 - from : from)];
      }
    }
  }
}
