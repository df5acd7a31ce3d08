package nibble.cli.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchReaderTest {
  /** Image i is filled with i and has label i; image 7 is damaged. */
  private record Numbers(long size) implements ImageSet {
    @Override
    public int classes() {
      return 100;
    }

    @Override
    public int imageSize() {
      return 2;
    }

    @Override
    public int read(long index, float[] pixels, int offset) {
      if (index == 7) {
        throw new IllegalStateException("damaged");
      }
      Arrays.fill(pixels, offset, offset + elements(), index);
      return (int) index;
    }
  }

  @Test
  void everyImageComesOnceAndTheLastBatchIsSmaller() {
    try (BatchReader reader = BatchReader.once(new Numbers(7), 3)) {
      List<Integer> sizes = new ArrayList<>();
      int expected = 0;
      for (Batch batch = reader.next(); batch != null; batch = reader.next()) {
        sizes.add(batch.count());
        float[] pixels = batch.pixels().toFloats();
        assertEquals(12 * batch.count(), pixels.length);
        for (int i = 0; i < batch.count(); i++) {
          assertEquals(expected, batch.labels()[i]);
          assertEquals(expected, pixels[12 * i + 11]);
          expected++;
        }
      }
      assertEquals(List.of(3, 3, 1), sizes);
      assertNull(reader.next());
    }
  }

  @Test
  void aFailureReachesTheReader() {
    try (BatchReader reader = BatchReader.once(new Numbers(9), 4)) {
      assertNotNull(reader.next());
      assertEquals("damaged", assertThrows(IllegalStateException.class, reader::next).getMessage());
    }
  }

  @Test
  void shuffledRunsHoldEveryImageAndCanBeginAnywhere() {
    long[] first = IntStream.range(0, 30).mapToLong(i -> Order.shuffled(10, 5).index(i)).toArray();
    Order order = Order.shuffled(10, 5);
    assertArrayEquals(first, IntStream.range(0, 30).mapToLong(order::index).toArray());
    for (int run = 0; run < 3; run++) {
      assertEquals(10, Arrays.stream(first, 10 * run, 10 * run + 10).distinct().count());
    }
    assertNotEquals(
        Arrays.toString(Arrays.copyOfRange(first, 0, 10)),
        Arrays.toString(Arrays.copyOfRange(first, 10, 20)));
  }
}
