package nibble.loaders.gguf;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * A tensor of a file, mapped: valid until the file is closed.
 *
 * @param name in the file, such as {@code blk.0.attn_q.weight}
 * @param type of its numbers
 * @param shape outermost axis first, so {@code [out, in]} for a weight; the file lists the axes the
 *     other way round
 * @param data its bytes, rows one after the other
 */
public record GgufTensor(String name, GgufType type, Shape shape, MemorySegment data) {
  /** The tensor as it is; empty if it is made of blocks. */
  public Optional<Tensor> plain() {
    return type.dtype().map(dtype -> Tensor.ofSegment(data, dtype, shape));
  }

  /** Values along the last axis. */
  int rowValues() {
    return shape.rank() == 0 ? 1 : shape.dim(-1);
  }

  /** Rows, the axes before the last taken together. */
  int rows() {
    return rowValues() == 0 ? 0 : Math.toIntExact(shape.size() / rowValues());
  }

  /** Bytes of one row. */
  long rowBytes() {
    return (long) rowValues() / type.blockValues() * type.blockBytes();
  }

  /** All values in F32, as ggml computes them from blocks; in new memory. */
  public float[] toFloats() {
    if (type.reader().isEmpty()) {
      return plain().orElseThrow().toFloats();
    }
    BlockReader reader = type.reader().get();
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i += type.blockValues()) {
      reader.read(data, (long) i / type.blockValues() * type.blockBytes(), values, i);
    }
    return values;
  }
}
