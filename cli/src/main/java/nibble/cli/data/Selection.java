package nibble.cli.data;

import java.util.SplittableRandom;

/**
 * Some images of a set, in an order.
 *
 * @param set all of them
 * @param order which one comes at which place; places below {@code size} are asked for
 * @param size how many
 */
public record Selection(ImageSet set, Order order, long size) implements ImageSet {
  private static final long SEED = 20261128;

  /**
   * {@code count} images of a set, all if there are no more: one from each of so many equal parts,
   * so that a folder sorted by class gives many classes, and at a random place of its part, so that
   * a file in which classes take turns does too. The same for the same sizes.
   */
  public static Selection spread(ImageSet set, int count) {
    long all = Math.min(set.size(), 1L << 40);
    long images = Math.min(count, all);
    return new Selection(set, part -> place(part, all, images), images);
  }

  private static long place(long part, long all, long parts) {
    long begin = begin(part, all, parts);
    return begin + new SplittableRandom(SEED + part).nextLong(begin(part + 1, all, parts) - begin);
  }

  private static long begin(long part, long all, long parts) {
    return part * (all / parts) + part * (all % parts) / parts;
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
  public int read(long index, float[] pixels, int offset) {
    return set.read(order.index(index), pixels, offset);
  }
}
