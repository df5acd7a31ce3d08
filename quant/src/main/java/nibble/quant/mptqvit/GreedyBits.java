package nibble.quant.mptqvit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.quant.sensitivity.LayerGroup;
import nibble.quant.sensitivity.SensitivityTable;

/**
 * Bits by lowering one group at a time: from the most bits on, the group with the least loss for
 * each weight bit saved loses a bit, until the mean is within the scheme. Inferred from the
 * abstract ("balance of accuracy and compressibility"); losses are measured for each group alone
 * and added.
 */
final class GreedyBits {
  private GreedyBits() {}

  /** Changes of bits against the scheme by the names of groups. */
  static Map<String, Integer> choose(SensitivityTable table, int most) {
    List<LayerGroup> groups = table.groups();
    int[] change = new int[groups.size()];
    long excess = 0;
    for (int i = 0; i < change.length; i++) {
      change[i] = most;
      excess += most * groups.get(i).weights();
    }
    while (excess > 0) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < change.length; i++) {
        if (change[i] > table.least()) {
          double score =
              (table.error(i, change[i] - 1) - table.error(i, change[i])) / groups.get(i).weights();
          if (best < 0 || score < least) {
            best = i;
            least = score;
          }
        }
      }
      if (best < 0) {
        break; // nothing is left to lower
      }
      change[best]--;
      excess -= groups.get(best).weights();
    }
    Map<String, Integer> chosen = new LinkedHashMap<>();
    for (int i = 0; i < change.length; i++) {
      chosen.put(groups.get(i).name(), change[i]);
    }
    return chosen;
  }
}
