package nibble.loaders.tokenizer.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SymbolsTest {
  /**
   * Searching pair by pair is the definition; the queue must give the same, also where several
   * merges have one rank.
   */
  @Property
  void theQueueAgreesWithTheSearch(
      @ForAll @Size(max = 200) List<@IntRange(max = 4) Integer> ids,
      @ForAll long seed,
      @ForAll boolean ties) {
    Merges merges = merges(new Random(seed), ties);
    Symbols searched = symbols(ids);
    searched.mergeBySearch(merges);
    Symbols queued = symbols(ids);
    queued.mergeByQueue(merges);
    assertEquals(list(searched), list(queued));
    int length = 0;
    for (int i = 0; i < queued.size(); i++) {
      length += queued.length(i);
    }
    assertEquals(ids.size(), length);
  }

  /**
   * Merges of 5 letters and of what earlier merges made; every result has its own id, as strings of
   * a vocabulary do.
   */
  private static Merges merges(Random random, boolean ties) {
    int count = 60;
    List<String> spellings = new ArrayList<>(List.of("a", "b", "c", "d", "e"));
    int[] lefts = new int[count];
    int[] rights = new int[count];
    int[] results = new int[count];
    int[] ranks = new int[count];
    for (int i = 0; i < count; i++) {
      lefts[i] = random.nextInt(spellings.size());
      rights[i] = random.nextInt(spellings.size());
      String spelling = spellings.get(lefts[i]) + spellings.get(rights[i]);
      if (!spellings.contains(spelling)) {
        spellings.add(spelling);
      }
      results[i] = spellings.indexOf(spelling);
      ranks[i] = ties ? results[i] / 3 : i;
    }
    return new Merges(lefts, rights, results, ranks);
  }

  private static Symbols symbols(List<Integer> ids) {
    Symbols symbols = new Symbols(ids.size());
    ids.forEach(id -> symbols.add(id, 1));
    return symbols;
  }

  private static List<String> list(Symbols symbols) {
    List<String> list = new ArrayList<>();
    for (int i = 0; i < symbols.size(); i++) {
      list.add(symbols.id(i) + "x" + symbols.length(i));
    }
    return list;
  }
}
