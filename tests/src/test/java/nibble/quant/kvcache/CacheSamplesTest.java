package nibble.quant.kvcache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nibble.nn.TokenIds;
import nibble.nn.decoder.Decoder;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class CacheSamplesTest {
  private static final int TOKENS = 9;
  private static final int SINKS = 3;

  private final Ops ops = Ops.serial();
  private final List<Tensor> texts =
      List.of(
          TokenIds.tensor(RandomTextModels.ids(TOKENS, 1)),
          TokenIds.tensor(RandomTextModels.ids(TOKENS, 2)));

  private Map<String, CacheSamples> record(int sinks, int most) {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    return CacheSamples.record(ops, model, texts, sinks, most);
  }

  private static List<float[]> rows(CacheSamples.Rows rows) {
    List<float[]> all = new ArrayList<>();
    for (int i = 0; i < rows.count(); i++) {
      all.add(rows.row(i));
    }
    return all;
  }

  private static List<CacheSamples.Rows> all(CacheSamples samples) {
    return List.of(samples.keys(), samples.keyWeights(), samples.values(), samples.valueWeights());
  }

  /** Of each text, not of the first alone; keys, values and gradients stay side by side. */
  @Test
  void sinksAreLeftOut() {
    Map<String, CacheSamples> whole = record(0, 1000);
    Map<String, CacheSamples> rest = record(SINKS, 1000);
    for (String block : whole.keySet()) {
      for (int kind = 0; kind < 4; kind++) {
        List<float[]> expected = new ArrayList<>();
        List<float[]> every = rows(all(whole.get(block)).get(kind));
        assertEquals(2 * TOKENS, every.size());
        for (int i = 0; i < every.size(); i++) {
          if (i % TOKENS >= SINKS) {
            expected.add(every.get(i));
          }
        }
        List<float[]> found = rows(all(rest.get(block)).get(kind));
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < found.size(); i++) {
          assertArrayEquals(expected.get(i), found.get(i), block + " " + kind + " row " + i);
        }
      }
    }
  }

  @Test
  void noMoreTokensThanAsked() {
    for (CacheSamples samples : record(1, TOKENS + 2).values()) {
      for (CacheSamples.Rows rows : all(samples)) {
        assertEquals(TOKENS + 2, rows.count());
      }
      for (float[] weights : rows(samples.keyWeights())) {
        for (float weight : weights) {
          assertTrue(weight >= 0, "a square");
        }
      }
    }
  }
}
