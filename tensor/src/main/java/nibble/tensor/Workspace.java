package nibble.tensor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Free arrays by length, and the stack of open scopes that will refill them. Without an open scope
 * every array is new garbage. Lengths that nobody asked for during the last {@value #PATIENCE}
 * outermost scopes are dropped, so changing shapes do not pile up.
 */
final class Workspace {
  private static final int PATIENCE = 8;

  private final Map<Integer, Shelf> free = new HashMap<>();
  private final List<Level> levels = new ArrayList<>();
  private long round;

  /** Free arrays of one length. */
  private static final class Shelf {
    private final ArrayDeque<float[]> arrays = new ArrayDeque<>();
    private long lastUsed;
  }

  /** The storages that an open scope owns. */
  static final class Level {
    private final IdentityHashMap<Storage, Boolean> owned = new IdentityHashMap<>();
  }

  /** Memory of {@code length} floats, owned by the innermost scope; its content is undefined. */
  Storage take(int length) {
    Level level = innermost();
    if (level == null) {
      return Storage.of(new float[length]);
    }
    Shelf shelf = free.computeIfAbsent(length, _ -> new Shelf());
    shelf.lastUsed = round;
    float[] array = shelf.arrays.pollLast();
    Storage storage = Storage.of(array == null ? new float[length] : array);
    level.owned.put(storage, true);
    return storage;
  }

  private @Nullable Level innermost() {
    return levels.isEmpty() ? null : levels.getLast();
  }

  Level open() {
    Level level = new Level();
    levels.add(level);
    return level;
  }

  /** Recycles what {@code level} still owns. It must be the innermost one. */
  void close(Level level) {
    if (innermost() != level) {
      throw new IllegalStateException("scopes close in the reverse order of their opening");
    }
    levels.removeLast();
    for (Storage storage : level.owned.keySet()) {
      recycle(storage);
    }
    if (levels.isEmpty()) {
      round++;
      free.values().removeIf(shelf -> round - shelf.lastUsed > PATIENCE);
    }
  }

  /**
   * Hands {@code storage} from {@code level} to the next outer scope, or to the garbage collector
   * if there is none.
   */
  void keep(Level level, Storage storage) {
    int at = levels.indexOf(level);
    if (at < 0) {
      throw new IllegalStateException("this scope is closed");
    }
    if (level.owned.remove(storage) != null && at > 0) {
      levels.get(at - 1).owned.put(storage, true);
    }
  }

  /** Takes {@code storage} out of every scope: the garbage collector owns it. */
  void letGo(Storage storage) {
    for (Level level : levels) {
      level.owned.remove(storage);
    }
  }

  /** Recycles {@code storage} before its scope closes; nothing happens if no scope owns it. */
  void giveBack(Storage storage) {
    for (Level level : levels) {
      if (level.owned.remove(storage) != null) {
        recycle(storage);
        return;
      }
    }
  }

  private void recycle(Storage storage) {
    float[] array = storage.recycle();
    free.computeIfAbsent(array.length, _ -> new Shelf()).arrays.addLast(array);
  }
}
