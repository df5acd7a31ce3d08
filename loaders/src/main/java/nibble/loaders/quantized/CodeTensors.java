package nibble.loaders.quantized;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.TensorFile;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** Reads tensors of codes and scales, and says what is wrong with them. */
record CodeTensors(TensorFile file) {
  private static final String WEIGHT = ".weight";
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The layer to which the weight {@code name} belongs. */
  static String module(String name) {
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
  }

  boolean has(String name) {
    return file.tensors().containsKey(name);
  }

  /** The shape of a tensor of two axes. */
  Shape matrix(String name) {
    Shape shape = file.tensor(name).shape();
    if (shape.rank() != 2) {
      throw bad(name, "has shape " + shape + ", expected two axes");
    }
    return shape;
  }

  /** The tensor {@code name}, which has this dtype and shape. */
  Tensor tensor(String name, DType dtype, int... dims) {
    Tensor tensor = file.tensor(name);
    Shape expected = Shape.of(dims);
    if (tensor.dtype() != dtype || !tensor.shape().equals(expected)) {
      throw bad(
          name,
          "is " + tensor.dtype() + " " + tensor.shape() + ", expected " + dtype + " " + expected);
    }
    return tensor;
  }

  /** A matrix of 32-bit integers. */
  int[] ints(String name, int... dims) {
    Tensor tensor = tensor(name, DType.I32, dims);
    int[] ints = new int[Math.toIntExact(tensor.size())];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = tensor.segment().get(WORD, 4L * i);
    }
    return ints;
  }

  /** A matrix of floats of any width. */
  float[] floats(String name, int... dims) {
    Tensor tensor = file.tensor(name);
    if (!tensor.dtype().isFloat() || !tensor.shape().equals(Shape.of(dims))) {
      throw bad(
          name,
          "is "
              + tensor.dtype()
              + " "
              + tensor.shape()
              + ", expected floats of shape "
              + Shape.of(dims));
    }
    return tensor.toFloats();
  }

  /**
   * One scale for each group of each row; a tensor of one scale for all, or one for each row, is
   * spread over them.
   *
   * @return {@code [out, groups]}
   */
  float[] scales(String name, int out, int groups) {
    Tensor tensor = file.tensor(name);
    if (!tensor.dtype().isFloat()) {
      throw bad(name, "is " + tensor.dtype() + ", expected floats");
    }
    float[] found = tensor.toFloats();
    if (tensor.shape().equals(Shape.of(out, groups))
        || groups == 1 && tensor.shape().equals(Shape.of(out))) {
      return found;
    }
    if (groups == 1 && found.length == 1) {
      float[] spread = new float[out];
      Arrays.fill(spread, found[0]);
      return spread;
    }
    throw bad(name, "has shape " + tensor.shape() + ", expected " + Shape.of(out, groups));
  }

  /** The only element of a tensor. */
  float scalar(String name) {
    Tensor tensor = file.tensor(name);
    if (tensor.size() != 1) {
      throw bad(name, "has shape " + tensor.shape() + ", expected one element");
    }
    return tensor.item();
  }

  BadFileException bad(String tensor, String problem) {
    return new BadFileException(
        "%s: tensor '%s' %s".formatted(file.description(), tensor, problem));
  }
}
