package nibble.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Both test engines run: each must leave its mark in the reports of the build. */
class TestEnginesTest {
  @Test
  void jupiterRuns() {
    assertEquals(4, Integer.bitCount(0xF));
  }

  @Property
  void jqwikRuns(@ForAll int value) {
    assertEquals(value, Integer.reverse(Integer.reverse(value)));
  }
}
