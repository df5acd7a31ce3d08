package nibble.loaders.gguf;

import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * A tensor of a file under the name that Hugging Face gives it, and how it differs from what
 * Hugging Face stores.
 *
 * @param name such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param tensor as the file has it
 * @param change how it differs
 */
public record GgufWeight(String name, GgufTensor tensor, Change change) {
  /** A difference between the two programs. */
  public sealed interface Change {
    /** None. */
    record None() implements Change {}

    /**
     * Rows of queries or keys of Llama stand in the order of interleaved pairs; Hugging Face has
     * the first halves of all pairs of a head, then the second ones.
     *
     * @param heads among which the rows are divided
     */
    record InterleavedRows(int heads) implements Change {}

    /** Gains of Gemma's norms are stored plus 1. */
    record PlusOne() implements Change {}
  }

  /** Whether a mapped tensor can be used as it is. */
  boolean isPlain() {
    return change instanceof Change.None && tensor.plain().isPresent();
  }

  /** The shape, {@code [out, in]} for the weight of a layer. */
  public Shape shape() {
    return tensor.shape();
  }

  /** The row of the file that is row {@code row} of Hugging Face. */
  public int fileRow(int row) {
    if (!(change instanceof Change.InterleavedRows(int heads))) {
      return row;
    }
    int width = tensor.shape().dim(0) / heads;
    int within = row % width;
    int half = within / (width / 2);
    return row - within + within % (width / 2) * 2 + half;
  }

  /** The values as Hugging Face has them, F32 in new memory. */
  public Tensor values() {
    float[] values = tensor.toFloats();
    switch (change) {
      case Change.None() -> {}
      case Change.PlusOne() -> {
        for (int i = 0; i < values.length; i++) {
          values[i] -= 1;
        }
      }
      case Change.InterleavedRows _ -> values = reordered(values);
    }
    return Tensor.of(values, tensor.shape().dims());
  }

  private float[] reordered(float[] values) {
    int rows = tensor.shape().dim(0);
    int width = values.length / rows;
    float[] result = new float[values.length];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, fileRow(row) * width, result, row * width, width);
    }
    return result;
  }
}
