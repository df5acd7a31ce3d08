package nibble.quant.allocation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chooses one of several bit widths for each item so that the sum of penalties is least and the sum
 * of costs stays within a budget: the multiple-choice knapsack of HAWQ-V3 and AdaQuant, solved
 * exactly.
 *
 * <pre>{@code
 * minimise sum_i penalty_i(b_i)    subject to    sum_i cost_i(b_i) <= budget
 * }</pre>
 *
 * <p>Item after item, only the sums are kept that no other beats in both cost and penalty. Their
 * number is at most that of different costs, so weights whose sizes have a common divisor are fast.
 */
public final class BitAllocator {
  private static final int MOST_STATES = 4_000_000;

  private BitAllocator() {}

  /**
   * One way for an item.
   *
   * @param bits a width
   * @param cost in any unit, not negative
   * @param penalty what it loses; finite
   */
  public record Choice(int bits, long cost, double penalty) {
    public Choice {
      if (cost < 0 || !Double.isFinite(penalty)) {
        throw new IllegalArgumentException(
            "a choice of %d bits costs %d and loses %s, expected no negative cost and a finite penalty"
                .formatted(bits, cost, penalty));
      }
    }
  }

  /** Something that gets one width: a layer, or several layers that must have the same. */
  public record Item(String name, List<Choice> choices) {
    public Item {
      choices = List.copyOf(choices);
      if (choices.isEmpty()) {
        throw new IllegalArgumentException("'" + name + "' has no choice");
      }
    }
  }

  /**
   * The best widths.
   *
   * @param bits by the names of the items
   */
  public record Allocation(Map<String, Integer> bits, long cost, double penalty) {}

  private record State(long cost, double penalty, int before, int choice) {}

  /**
   * The exact optimum; of equal ones that with the least cost.
   *
   * @throws IllegalArgumentException if even the cheapest choices exceed the budget, or there are
   *     too many different costs to be exact
   */
  public static Allocation solve(List<Item> items, long budget) {
    List<List<State>> fronts = new ArrayList<>();
    fronts.add(List.of(new State(0, 0, -1, -1)));
    for (int i = 0; i < items.size(); i++) {
      fronts.add(next(items.get(i), fronts.get(i), budget - cheapestAfter(items, i + 1)));
      if (fronts.getLast().isEmpty()) {
        throw new IllegalArgumentException(
            "no choice fits: the cheapest one costs %d, the budget is %d"
                .formatted(cheapestAfter(items, 0), budget));
      }
    }
    return traced(items, fronts);
  }

  private static long cheapestAfter(List<Item> items, int from) {
    return items.stream()
        .skip(from)
        .mapToLong(item -> item.choices().stream().mapToLong(Choice::cost).min().orElse(0))
        .sum();
  }

  private static List<State> next(Item item, List<State> front, long limit) {
    List<State> all = new ArrayList<>();
    for (int before = 0; before < front.size(); before++) {
      for (int choice = 0; choice < item.choices().size(); choice++) {
        Choice c = item.choices().get(choice);
        long cost = Math.addExact(front.get(before).cost(), c.cost());
        if (cost <= limit) {
          all.add(new State(cost, front.get(before).penalty() + c.penalty(), before, choice));
        }
      }
      if (all.size() > MOST_STATES) {
        throw new IllegalArgumentException(
            "too many different costs to choose exactly; give costs in a coarser unit");
      }
    }
    all.sort(
        Comparator.comparingLong(State::cost)
            .thenComparingDouble(State::penalty)
            .thenComparingInt(State::before)
            .thenComparingInt(State::choice));
    List<State> kept = new ArrayList<>();
    double least = Double.POSITIVE_INFINITY;
    for (State state : all) {
      if (state.penalty() < least) {
        kept.add(state);
        least = state.penalty();
      }
    }
    return kept;
  }

  private static Allocation traced(List<Item> items, List<List<State>> fronts) {
    State best = fronts.getLast().getLast();
    Map<String, Integer> bits = new LinkedHashMap<>();
    State state = best;
    int[] chosen = new int[items.size()];
    for (int i = items.size() - 1; i >= 0; i--) {
      chosen[i] = items.get(i).choices().get(state.choice()).bits();
      state = fronts.get(i).get(state.before());
    }
    for (int i = 0; i < chosen.length; i++) {
      bits.put(items.get(i).name(), chosen[i]);
    }
    return new Allocation(bits, best.cost(), best.penalty());
  }
}
