package nibble.cli.data;

import java.util.SplittableRandom;

/**
 * Which image comes at which position of an endless run through a set. One thread asks at a time.
 */
public interface Order {
  /** Index of the image at {@code position}, from 0. */
  long index(long position);

  /** One after the other. */
  static Order sequential() {
    return position -> position;
  }

  /**
   * Every image once, in random order, then again in another, and so on; the order follows from the
   * seed and the number of the run alone.
   */
  static Order shuffled(int size, long seed) {
    return new Order() {
      private final int[] order = new int[size];
      private long run = -1;

      @Override
      public long index(long position) {
        if (position / size != run) {
          run = position / size;
          shuffle(order, new SplittableRandom(seed ^ Long.reverse(run + 1)));
        }
        return order[(int) (position % size)];
      }
    };
  }

  private static void shuffle(int[] order, SplittableRandom random) {
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
  }
}
