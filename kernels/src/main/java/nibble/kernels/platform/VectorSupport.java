package nibble.kernels.platform;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.Supplier;

/**
 * Decides once whether the vector kernels run, and says why not.
 *
 * <p>System properties: {@code nibble.vector=false} turns the vector kernels off; {@code
 * nibble.vector.bits=128|256|512} sets the vector width (default: the widest that the machine
 * prefers). Both are read once, when this class is loaded.
 */
public final class VectorSupport {
  private static final boolean AVAILABLE = detect();

  private VectorSupport() {}

  /** Whether {@code jdk.incubator.vector} is resolved and not switched off. */
  public static boolean isAvailable() {
    return AVAILABLE;
  }

  /** Width of the vectors in use, in bits; 0 where the scalar kernels run. */
  public static int bits() {
    return AVAILABLE ? 32 * Lanes.FLOATS : 0;
  }

  /**
   * The vector implementation where it can run, otherwise the scalar one. The suppliers are to be
   * lambdas, which keep the vector class unloaded until then; a constructor reference links it, and
   * fails where the vector module is absent.
   */
  public static <T> T choose(Supplier<? extends T> vector, Supplier<? extends T> scalar) {
    return AVAILABLE ? vector.get() : scalar.get();
  }

  private static boolean detect() {
    Logger log = System.getLogger("nibble.kernels");
    if ("false".equals(System.getProperty("nibble.vector"))) {
      log.log(
          Level.INFO,
          "vector kernels are switched off by -Dnibble.vector=false; the scalar kernels run");
      return false;
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      log.log(
          Level.WARNING,
          "the scalar kernels run, which are much slower: start Java with --add-modules"
              + " jdk.incubator.vector, or put Nibble on the module path");
      return false;
    }
    return true;
  }
}
