package nibble.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Token ids of sequences of equal length, as the input of a text model: a tensor I32 {@code [batch,
 * tokens]} and back.
 *
 * @param batch number of sequences
 * @param tokens tokens of each
 * @param flat their ids, one sequence after the other
 */
public record TokenIds(int batch, int tokens, int[] flat) {
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public TokenIds {
    if (flat.length != Math.multiplyExact(batch, tokens) || flat.length == 0) {
      throw new IllegalArgumentException(
          "%d ids are not %d sequences of %d tokens".formatted(flat.length, batch, tokens));
    }
  }

  /** The ids in {@code tensor}, I32 {@code [batch, tokens]}. */
  public static TokenIds of(Tensor tensor) {
    if (tensor.dtype() != DType.I32 || tensor.rank() != 2 || tensor.size() == 0) {
      throw new IllegalArgumentException(
          "the model takes token ids I32 [batch, tokens], these are " + tensor);
    }
    MemorySegment segment = tensor.segment();
    int[] flat = new int[(int) tensor.size()];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = segment.get(I32, 4L * i);
    }
    return new TokenIds(tensor.dim(0), tensor.dim(1), flat);
  }

  /** Sequences of equal length as a tensor. */
  public static Tensor tensor(List<int[]> sequences) {
    int tokens = sequences.isEmpty() ? 0 : sequences.getFirst().length;
    if (tokens == 0 || sequences.stream().anyMatch(s -> s.length != tokens)) {
      throw new IllegalArgumentException(
          "sequences of one tensor must have the same length, at least 1");
    }
    MemorySegment segment =
        Arena.ofAuto().allocate(Math.multiplyExact(4L * tokens, sequences.size()), 64);
    long at = 0;
    for (int[] sequence : sequences) {
      for (int id : sequence) {
        segment.set(I32, at, id);
        at += 4;
      }
    }
    return Tensor.ofSegment(segment, DType.I32, Shape.of(sequences.size(), tokens));
  }

  /** One sequence as a tensor {@code [1, tokens]}. */
  public static Tensor tensor(int... sequence) {
    return tensor(List.of(sequence));
  }
}
