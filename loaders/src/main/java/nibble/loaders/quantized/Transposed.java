package nibble.loaders.quantized;

/** Matrices with rows and columns exchanged. */
final class Transposed {
  private Transposed() {}

  static byte[] of(byte[] values, int rows, int columns) {
    byte[] result = new byte[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        result[column * rows + row] = values[row * columns + column];
      }
    }
    return result;
  }

  static float[] of(float[] values, int rows, int columns) {
    float[] result = new float[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        result[column * rows + row] = values[row * columns + column];
      }
    }
    return result;
  }
}
