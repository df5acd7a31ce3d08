package nibble.nn.transformer;

import java.util.List;
import nibble.nn.Model;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A model that gives each token of a text a vector that depends on the whole text. {@link
 * Model#forward} takes token ids I32 {@code [batch, tokens]} and gives {@code [batch, tokens,
 * width]}; {@link #encode} takes texts of different lengths.
 */
public interface TextEncoder extends Model {
  /** Number of tokens that the model knows; ids are smaller. */
  int vocabulary();

  /** Longest text, in tokens. */
  int contextLength();

  /** Channels of a token's vector. */
  int width();

  /**
   * The vectors of all tokens, one text after the other: {@code [rows, width]}. Texts need no
   * padding, and none is computed: every row has the value that it has when its text is encoded
   * alone, up to rounding.
   *
   * @param texts token ids, at least one for each
   * @throws IllegalArgumentException if a text is longer than {@link #contextLength()}, or an id is
   *     none
   */
  Tensor encode(Ops ops, List<int[]> texts);
}
