package nibble.quant.method;

import java.util.Optional;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;
import nibble.quant.observer.AttentionConcentration;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the codes of one linear layer's weight. Immutable and thread-safe; the same arguments
 * give the same codes.
 */
public interface WeightMethod {

  /** Its name in the catalogue. */
  String name();

  /** Whether {@link #quantize} needs the Hessian of the layer's calibration inputs. */
  boolean needsHessian();

  /** How tokens count in the Hessian; empty for all alike. */
  default Optional<AttentionConcentration> tokenWeights() {
    return Optional.empty();
  }

  /**
   * Bytes of a weight {@code [out, in]} as executed, padding included. This is of integer codes;
   * methods with other codes override it.
   *
   * @throws IllegalArgumentException if no kernel executes the scheme; the message says what would
   *     run
   */
  default long packedBytes(int out, int in, WeightScheme scheme) {
    return IntWeights.packedBytes(
        out,
        in,
        scheme.format().bits(),
        scheme.granularity().groupSize(in),
        !scheme.format().isAsymmetric());
  }

  /**
   * The codes for a weight.
   *
   * @param name the layer, for messages
   * @param weight {@code [out, in]}, of any dtype, such as a view of the mapped file; only read
   * @param hessian statistics of the layer's inputs; null where {@link #needsHessian} is false and
   *     none was measured
   * @throws IllegalArgumentException if a weight is NaN or infinite, the shapes do not fit, or the
   *     scheme is not one of the method's
   */
  QuantizedWeight quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter);
}
