package nibble.quant.reconstruct;

import java.util.Optional;

/**
 * Knobs of {@link BlockReconstructor}.
 *
 * @param iterations updates (AdaRound: 10,000; BRECQ: 20,000)
 * @param batch samples an update (BRECQ: 32)
 * @param drop probability with which an input element is the float one instead of the quantized one
 *     (QDrop: 0.5; BRECQ: 0)
 * @param fisher how errors of a window's output are weighted by gradients of the model's loss;
 *     empty: not at all
 */
public record ReconstructionOptions(
    int iterations, int batch, double drop, Optional<FisherLoss> fisher) {
  /** Without weights. */
  public ReconstructionOptions(int iterations, int batch, double drop) {
    this(iterations, batch, drop, Optional.empty());
  }

  public ReconstructionOptions {
    if (iterations < 1 || batch < 1 || !(drop >= 0 && drop <= 1)) {
      throw new IllegalArgumentException(
          "reconstruction needs positive iterations and batch and a share dropped from 0 to 1, found %d, %d, %s"
              .formatted(iterations, batch, drop));
    }
  }
}
