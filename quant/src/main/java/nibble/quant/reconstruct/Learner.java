package nibble.quant.reconstruct;

import java.util.List;
import java.util.Optional;
import nibble.nn.train.ParameterGroup;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Something that learns while a part of a model runs: roundings, clips, scales, maps, gains.
 * Changed in place. Serves one thread at a time.
 */
public interface Learner {
  /** What an optimizer changes, with rates. The same tensors at every call. */
  List<ParameterGroup> groups();

  /** Puts functions into sites. Called once, before the first run of the part. */
  void begin();

  /**
   * Takes them out, so that the part is as before {@link #begin}. Called once, after the last run.
   */
  void end();

  /**
   * Called before every run of the part, with or without gradients: puts tensors that depend on
   * what is learned where the part reads them.
   *
   * @param progress share of the updates that are done, 0 to 1
   */
  default void prepare(Ops ops, double progress) {}

  /**
   * A term of the loss, rank 0.
   *
   * @param progress share of the updates that are done, 0 to 1
   */
  default Optional<Tensor> penalty(Ops ops, double progress) {
    return Optional.empty();
  }

  /** Brings what was learned back to allowed values, after every update. */
  default void project() {}

  /**
   * Whether runs from now on show what the part will be when it is finished, instead of what it is
   * trained as: rounded weights instead of soft ones.
   */
  default void useHard(boolean hard) {}
}
