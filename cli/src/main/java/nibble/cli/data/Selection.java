package nibble.cli.data;

/**
 * Some images of a set, in an order.
 *
 * @param set all of them
 * @param order which one comes at which place; places below {@code size} are asked for
 * @param size how many
 */
public record Selection(ImageSet set, Order order, long size) implements ImageSet {
  /**
   * {@code count} images of a set at equal distances, all if there are no more, so that a folder
   * sorted by class gives many classes.
   */
  public static Selection spread(ImageSet set, int count) {
    long all = Math.min(set.size(), 1L << 40);
    long images = Math.min(count, all);
    return new Selection(set, position -> position * (all / images), images);
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
