package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.I2F;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import nibble.kernels.platform.Lanes;

/**
 * Integer products of a tile of activation rows and one panel of weights, in chunks along the input axis that are short enough to be exact
 * in the lanes of the implementation. A tile leaves its products of each chunk in memory; folding adds them up.
 */
interface LevelPanels {
  /** Rows of a tile. */
  int ROWS = 6;

  /** Columns of a panel: output features worked on together. */
  int columns();

  /** Inputs whose products may be added without rounding or overflow; a multiple of {@link IntWeights#INPUT_STEP}. */
  int exactInputs(IntWeights weights, ActivationQuantizer quantizer);

  /** Bytes of a panel of {@code count} inputs. */
  long panelBytes(int count);

  /** Unpacks the levels of {@link #columns} outputs from {@code firstOut} on and of {@code count} inputs from {@code firstIn} on. */
  void unpack(IntWeights weights, int firstOut, int firstIn, int count, MemorySegment panel);

  /** Products of rows {@code row} on with {@code count} inputs of the panel, in {@code chunks} chunks of {@code chunkInputs} inputs. */
  void products(
      Activations x, int row, int rows, int firstIn, int count, int chunkInputs, int chunks, MemorySegment panel, Tiles tiles);

  /** Chunks are groups: {@code y = fma(sum, scale, y)} for each in turn. */
  void foldGroups(IntWeights weights, int firstOut, int firstGroup, int chunks, Tiles tiles, int yAt);

  /** Chunks are parts of one group: adds them to the running int sums, and those to {@code y} if this is the end of the group. */
  void foldParts(IntWeights weights, int firstOut, int group, boolean isLast, int chunks, Tiles tiles, int yAt);

  /** {@code y = fma(sum, scale, y)} for one vector; the sum starts again at 0. */
  static void endGroup(MemorySegment segment, long scaleAt, int[] sums, float[] y, int at) {
    FloatVector sum = (FloatVector) IntVector.fromArray(Lanes.INT, sums, at).convert(I2F, 0);
    FloatVector scale = FloatVector.fromMemorySegment(Lanes.FLOAT, segment, scaleAt, LITTLE_ENDIAN);
    sum.fma(scale, FloatVector.fromArray(Lanes.FLOAT, y, at)).intoArray(y, at);
    IntVector.zero(Lanes.INT).intoArray(sums, at);
  }

  /**
   * Activation levels of all rows; each implementation reads one of the two forms.
   *
   * @param floats levels as floats {@code [rows, stride]}
   * @param pairs levels in pairs as {@link LevelGemv#pairs} arranges them, {@code [rows, stride / 2]}
   */
  record Activations(float[] floats, int[] pairs, int stride) {}

  /**
   * Working memory of one task.
   *
   * @param raw products of the chunks of one tile, pairs of 16-bit sums
   * @param rawFloats the same as floats, for the other implementation
   * @param sums running int sums {@code [rows, columns]}
   * @param y running scaled sums {@code [rows, columns]}
   */
  record Tiles(int[] raw, float[] rawFloats, int[] sums, float[] y) {}
}
