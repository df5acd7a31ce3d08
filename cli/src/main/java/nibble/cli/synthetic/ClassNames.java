package nibble.cli.synthetic;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * The 64 classes: 16 shapes times 4 fills. Class {@code 4 * shape + fill} is called, for example,
 * "striped star".
 */
public final class ClassNames {
  private static final int FILLS = Fill.values().length;

  /** Number of classes. */
  public static final int COUNT = ShapeFamily.values().length * FILLS;

  private ClassNames() {}

  /**
   * Name of a class, fill then shape, lower case.
   *
   * @throws IndexOutOfBoundsException if the label is not in 0 .. {@link #COUNT} - 1
   */
  public static String of(int label) {
    Objects.checkIndex(label, COUNT);
    return Fill.values()[fill(label)].name().toLowerCase(Locale.ROOT)
        + " "
        + ShapeFamily.values()[family(label)].word();
  }

  /** All names, in label order. */
  public static List<String> all() {
    return IntStream.range(0, COUNT).mapToObj(ClassNames::of).toList();
  }

  static int family(int label) {
    return label / FILLS;
  }

  static int fill(int label) {
    return label % FILLS;
  }
}
