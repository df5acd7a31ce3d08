package nibble.cli.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SelectionTest {
  /** Image i has label i. */
  private record Numbers(long size) implements ImageSet {
    @Override
    public int classes() {
      return 10;
    }

    @Override
    public int imageSize() {
      return 1;
    }

    @Override
    public int read(long index, float[] pixels, int offset) {
      return (int) index;
    }
  }

  private static List<Integer> chosen(int size, int count) {
    Selection selection = Selection.spread(new Numbers(size), count);
    return IntStream.range(0, (int) selection.size())
        .mapToObj(i -> selection.read(i, new float[3], 0))
        .toList();
  }

  @Test
  void everyPartGivesOneImage() {
    List<Integer> images = chosen(1003, 100);
    assertEquals(100, images.size());
    for (int part = 0; part < 100; part++) {
      int begin = 1003 * part / 100;
      int end = 1003 * (part + 1) / 100;
      assertTrue(begin <= images.get(part) && images.get(part) < end, part + ": " + images);
    }
    assertEquals(images, chosen(1003, 100));
  }

  @Test
  void allImagesAreTakenInTheirOrderWhereNoMoreAreThere() {
    List<Integer> all = IntStream.range(0, 7).boxed().toList();
    assertEquals(all, chosen(7, 7));
    assertEquals(all, chosen(7, 1000));
  }

  @Test
  void classesThatTakeTurnsAreAllThere() {
    long classes = chosen(4000, 200).stream().map(i -> i % 10).distinct().count();
    assertEquals(10, classes);
  }

  @Test
  void anEndlessSetIsFine() {
    assertEquals(5, Selection.spread(new Numbers(Long.MAX_VALUE), 5).size());
  }
}
