package nibble.quant.allocation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The exact choice of bits. */
class BitAllocatorTest {
  /** Mean traces, errors at 8 and 4 bits and sizes of ResNet18 as published with HAWQ-V3. */
  private static final double[] TRACE = {
    .06857826, .03162379, .03298575, .01205663, .02222431, .00596336, .06931772, .00807129,
    .00372905, .00530698, .00209011, .00737569, .00210454, .00151197, .00158041, .00078146,
    .00451841, .00098745, .00072944
  };

  private static final double[] AT_8 = {
    .0235, .0125, .0102, .0082, .0145, .0344, .0023, .0287, .0148, .0333, .0682, .0027, .0448,
    .0336, .0576, .1130, .0102, .0947, .0532
  };

  private static final double[] AT_4 = {
    6.7430, 3.9691, 3.3281, 2.6796, 4.7277, 10.5966, .6827, 9.0942, 4.8857, 10.7599, 21.7546, .8603,
    14.5324, 10.9651, 18.7706, 36.4044, 3.1572, 29.6994, 17.4016
  };

  private static final int[] SIZE = {
    36, 36, 36, 36, 72, 144, 8, 144, 144, 288, 576, 32, 576, 576, 1152, 2304, 128, 2304, 2304
  };

  /** Layers that must have the same bits are one item. */
  private static final List<List<Integer>> TIES =
      List.of(List.of(4, 6), List.of(9, 11), List.of(14, 16));

  @Test
  void findsThePublishedOptimum() {
    List<BitAllocator.Item> items = new ArrayList<>();
    List<Integer> taken = new ArrayList<>();
    for (int i = 0; i < TRACE.length; i++) {
      int layer = i;
      List<Integer> group =
          TIES.stream().filter(t -> t.contains(layer)).findFirst().orElse(List.of(layer));
      if (taken.contains(layer)) {
        continue;
      }
      taken.addAll(group);
      long size = group.stream().mapToLong(l -> SIZE[l]).sum();
      double at8 = group.stream().mapToDouble(l -> TRACE[l] * AT_8[l]).sum();
      double at4 = group.stream().mapToDouble(l -> TRACE[l] * AT_4[l]).sum();
      items.add(
          new BitAllocator.Item(
              group.toString(),
              List.of(
                  new BitAllocator.Choice(4, size, at4),
                  new BitAllocator.Choice(8, 2 * size, at8))));
    }
    long budget = (long) (2 * 1024 * 7.98046875);
    BitAllocator.Allocation best = BitAllocator.solve(items, budget);
    for (Map.Entry<String, Integer> entry : best.bits().entrySet()) {
      boolean four = List.of("[15]", "[17]", "[18]").contains(entry.getKey());
      assertEquals(four ? 4 : 8, entry.getValue(), entry.getKey());
    }
    assertEquals(7.265625, best.cost() / 2048.0, 1e-9);
    assertEquals(0.0745059, best.penalty(), 1e-6);
  }

  @Property(tries = 60)
  void noOtherChoiceIsBetter(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int count) {
    Random random = new Random(seed);
    List<BitAllocator.Item> items = new ArrayList<>();
    long most = 0;
    long least = 0;
    for (int i = 0; i < count; i++) {
      List<BitAllocator.Choice> choices = new ArrayList<>();
      for (int bits = 2; bits < 6; bits++) {
        choices.add(
            new BitAllocator.Choice(
                bits, (long) bits * (1 + random.nextInt(9)), random.nextInt(20)));
      }
      items.add(new BitAllocator.Item("item " + i, choices));
      most += choices.stream().mapToLong(BitAllocator.Choice::cost).max().orElseThrow();
      least += choices.stream().mapToLong(BitAllocator.Choice::cost).min().orElseThrow();
    }
    long budget = least + random.nextInt((int) (most - least + 1));
    BitAllocator.Allocation best = BitAllocator.solve(items, budget);
    double expected = Double.POSITIVE_INFINITY;
    for (int code = 0; code < 1 << 2 * count; code++) {
      long cost = 0;
      double penalty = 0;
      for (int i = 0; i < count; i++) {
        BitAllocator.Choice choice = items.get(i).choices().get(code >> 2 * i & 3);
        cost += choice.cost();
        penalty += choice.penalty();
      }
      expected = cost <= budget ? Math.min(expected, penalty) : expected;
    }
    assertEquals(expected, best.penalty(), 1e-9);
    assertTrue(best.cost() <= budget);
    assertEquals(count, best.bits().size());
    long tooLittle = least - 1;
    assertThrows(IllegalArgumentException.class, () -> BitAllocator.solve(items, tooLittle));
  }

  /** A layer that matters more never gets fewer bits (LRP-QViT's relevance is such a factor). */
  @Property(tries = 60)
  void moreImportanceNeverTakesBits(@ForAll long seed) {
    Random random = new Random(seed);
    List<double[]> errors = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      double error = 1 + random.nextInt(1000);
      errors.add(new double[] {error, error / 3.1, error / 11.3, error / 41.7});
    }
    long budget = 6 * 3 * 10 + random.nextInt(60);
    Map<String, Integer> before = BitAllocator.solve(items(errors), budget).bits();
    int raised = random.nextInt(6);
    double factor = 1 + 5 * random.nextDouble();
    errors.set(raised, Arrays.stream(errors.get(raised)).map(e -> factor * e).toArray());
    Map<String, Integer> after = BitAllocator.solve(items(errors), budget).bits();
    String name = "item " + raised;
    assertTrue(after.getOrDefault(name, 0) >= before.getOrDefault(name, 0), before + " " + after);
  }

  private static List<BitAllocator.Item> items(List<double[]> errors) {
    List<BitAllocator.Item> items = new ArrayList<>();
    for (int i = 0; i < errors.size(); i++) {
      List<BitAllocator.Choice> choices = new ArrayList<>();
      for (int b = 0; b < 4; b++) {
        choices.add(new BitAllocator.Choice(2 + b, 10L * (2 + b), errors.get(i)[b]));
      }
      items.add(new BitAllocator.Item("item " + i, choices));
    }
    return items;
  }

  @Test
  void badChoicesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new BitAllocator.Choice(4, -1, 0));
    assertThrows(IllegalArgumentException.class, () -> new BitAllocator.Choice(4, 1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new BitAllocator.Item("x", List.of()));
  }
}
