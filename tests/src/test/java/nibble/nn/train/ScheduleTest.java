package nibble.nn.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ScheduleTest {

  @Test
  void warmUpRisesInEqualSteps() {
    for (Schedule schedule :
        new Schedule[] {
          new Schedule.Constant(4), new Schedule.Linear(4, 10, 0), new Schedule.Cosine(4, 10, 0)
        }) {
      for (int step = 0; step < 4; step++) {
        assertEquals((step + 1) / 4.0, schedule.factor(step));
      }
      assertEquals(1, schedule.factor(4));
    }
  }

  @Test
  void theFallEndsAtTheFloorAndStaysThere() {
    Schedule linear = new Schedule.Linear(2, 12, 0.2);
    assertEquals(0.6, linear.factor(7), 1e-12);
    assertEquals(0.2, linear.factor(12), 1e-12);
    assertEquals(0.2, linear.factor(100), 1e-12);
    Schedule cosine = new Schedule.Cosine(0, 12, 0.1);
    assertEquals(1, cosine.factor(0));
    assertEquals(0.55, cosine.factor(6), 1e-12);
    assertEquals(0.1 + 0.9 * 0.5 * (1 + Math.sqrt(0.5)), cosine.factor(3), 1e-12);
    assertEquals(0.1, cosine.factor(12), 1e-12);
    assertEquals(1, new Schedule.Constant(0).factor(1000));
  }

  @Test
  void impossibleSchedulesAreRejected() {
    assertThrows(IllegalArgumentException.class, () -> new Schedule.Cosine(10, 10, 0));
    assertThrows(IllegalArgumentException.class, () -> new Schedule.Linear(-1, 10, 0));
    assertThrows(IllegalArgumentException.class, () -> new Schedule.Linear(1, 10, 2));
    assertThrows(IllegalArgumentException.class, () -> new Schedule.Constant(0).factor(-1));
  }
}
