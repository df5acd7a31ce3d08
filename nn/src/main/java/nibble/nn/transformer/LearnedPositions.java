package nibble.nn.transformer;

import nibble.nn.Embedding;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Vectors of positions that are added to those of words.
 *
 * @param table {@code [rows, hidden]}
 * @param offset its row for position 0
 */
public record LearnedPositions(Embedding table, int offset) {
  /** {@code words [rows, hidden]} with the vector of every row's position added. */
  public Tensor addTo(Ops ops, Tensor words, Sequences sequences) {
    int[] rows = sequences.rowPositions();
    for (int i = 0; i < rows.length; i++) {
      rows[i] += offset;
    }
    return ops.add(words, table.forward(ops, rows));
  }
}
