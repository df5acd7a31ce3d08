package nibble.nn.online;

import java.util.OptionalLong;
import nibble.nn.SiteFunction;

/**
 * A site function that belongs to the model: it stays when a model is written and read again, in
 * simulation as in packed execution. The two forms and their sizes are all there is to store.
 */
public sealed interface OnlineTransform extends SiteFunction
    permits HadamardSite, HeadHadamardSite {
  /** The name under which checkpoints store the kind of transform. */
  String kind();

  /**
   * Length of the transform: channels for {@link HadamardSite}, heads for {@link HeadHadamardSite}.
   */
  int size();

  /** Seed of the random signs of a {@link HadamardSite}; empty without signs. */
  default OptionalLong signSeed() {
    return OptionalLong.empty();
  }

  /**
   * The transform of a stored {@code kind} and {@code size}, with the signs of {@code signSeed} if
   * there is one.
   *
   * @throws IllegalArgumentException for an unknown kind or a size without Hadamard matrix
   */
  static OnlineTransform of(String kind, int size, OptionalLong signSeed) {
    return switch (kind) {
      case HadamardSite.KIND -> new HadamardSite(size, signSeed);
      case HeadHadamardSite.KIND -> new HeadHadamardSite(size);
      default ->
          throw new IllegalArgumentException(
              "unknown online transform '" + kind + "'; known are hadamard, hadamard_across_heads");
    };
  }
}
