package nibble.quant.model;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Granularity;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.format.Symmetry;
import nibble.quant.observer.ActivationObserver;
import org.jspecify.annotations.Nullable;

/** From what a scheme says about activations to what the integer kernels do. */
public final class ActivationQuantizers {
  private ActivationQuantizers() {}

  /**
   * @param layer for messages
   * @param observer what calibration saw; needed by static schemes
   * @throws IllegalArgumentException if no kernel executes the scheme
   */
  public static ActivationQuantizer of(
      String layer, ActivationScheme scheme, @Nullable ActivationObserver observer) {
    IntFormat format = scheme.format();
    if (format.symmetry() == Symmetry.SYMMETRIC_OFFSET) {
      throw unsupported(layer, "activations on the offset grid", "a:sym or a:asym");
    }
    boolean symmetric = !format.isAsymmetric();
    if (scheme.timing() == ActivationScheme.Timing.DYNAMIC) {
      if (!(scheme.granularity() instanceof Granularity.PerToken)) {
        throw unsupported(layer, "dynamic activation scales other than per token", "a:token");
      }
      return new ActivationQuantizer.PerToken(format.bits(), symmetric, scheme.clipRatio());
    }
    if (observer == null) {
      throw new IllegalArgumentException(
          "'" + layer + "' has static activation scales, which need calibration data; pass some");
    }
    Grid grid = observer.grid(format);
    int zeroPoint = symmetric ? 0 : grid.zeroPoint() + (1 << (format.bits() - 1));
    return new ActivationQuantizer.PerTensor(format.bits(), symmetric, grid.scale(), zeroPoint);
  }

  /**
   * For {@link ModelMethod#check} of methods that take the grids of weights from the scheme and
   * quantize the inputs of linear layers token by token.
   *
   * @throws IllegalArgumentException if the scheme leaves weights in float, or has activations of
   *     another kind
   */
  public static void requireTokens(String method, Scheme scheme) {
    if (scheme.weights().isEmpty()) {
      throw new IllegalArgumentException(
          "%s quantizes weights, the scheme '%s' leaves them in float; name a scheme such as W4A16"
              .formatted(method, scheme));
    }
    scheme
        .activations()
        .ifPresent(
            a -> {
              if (a.timing() != ActivationScheme.Timing.DYNAMIC) {
                throw new IllegalArgumentException(
                    "%s finds activation scales for each token, the scheme '%s' has static ones; use a:dynamic"
                        .formatted(method, scheme));
              }
              ActivationQuantizer _ = of(method, a, null);
            });
  }

  private static IllegalArgumentException unsupported(String layer, String what, String remedy) {
    return new IllegalArgumentException(
        "'" + layer + "': no kernel executes " + what + "; use " + remedy);
  }
}
