package nibble.quant.adalog;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class FpcsTest {
  @Test
  void theSearchNeverLosesWhatItHad() {
    ToDoubleFunction<Fpcs.Pair> score =
        pair ->
            Math.pow(Math.log(pair.scale() / 0.37), 2) + 0.01 * Math.pow(pair.integer() - 21, 2);
    List<Fpcs.Pair> seeds =
        List.of(new Fpcs.Pair(1, 18), new Fpcs.Pair(0.3f, 30), new Fpcs.Pair(0.45f, 20));
    double before = seeds.stream().mapToDouble(score).min().orElseThrow();
    double last = before;
    for (int rounds = 0; rounds < 6; rounds++) {
      double found = score.applyAsDouble(new Fpcs(4, rounds).search(seeds, score));
      assertTrue(found <= last);
      last = found;
    }
    assertTrue(last < before / 3, before + " to " + last);
  }
}
