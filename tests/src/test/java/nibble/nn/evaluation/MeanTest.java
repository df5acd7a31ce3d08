package nibble.nn.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class MeanTest {
  /** As the two passes of a textbook give it, with one degree of freedom less. */
  @Property(tries = 100)
  void agreesWithTwoPasses(
      @ForAll @IntRange(min = 2, max = 50) int count,
      @ForAll @IntRange(min = -1000, max = 1000) int shift,
      @ForAll long seed) {
    double[] values = new Random(seed).doubles(count, shift, shift + 3).toArray();
    Mean.Builder builder = new Mean.Builder();
    double sum = 0;
    for (double value : values) {
      builder.add(value);
      sum += value;
    }
    double mean = sum / count;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    Mean found = builder.build();
    assertEquals(count, found.count());
    assertEquals(mean, found.mean(), 1e-12 * (1 + Math.abs(mean)));
    assertEquals(Math.sqrt(squares / (count - 1) / count), found.standardError(), 1e-9);
  }

  @Example
  void oneValueHasNoError() {
    Mean.Builder builder = new Mean.Builder();
    assertThrows(IllegalArgumentException.class, builder::build);
    builder.add(3);
    assertEquals(new Mean(1, 3, 0), builder.build());
  }
}
