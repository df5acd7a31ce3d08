package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.F2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.PanelGemm;
import nibble.kernels.platform.Lanes;

/** Integers in FP32 lanes, which hold sums up to 2^24 exactly; runs on the register tile of the FP32 product. */
final class FloatLevels implements LevelPanels {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = PanelGemm.columns();
  private static final int TILE = ROWS * COLUMNS;
  private static final float[] ZEROS = new float[COLUMNS];

  @Override
  public int columns() {
    return COLUMNS;
  }

  @Override
  public int exactInputs(IntWeights weights, ActivationQuantizer quantizer) {
    return (1 << 24) / (weights.maxLevel() * quantizer.maxLevel()) / IntWeights.INPUT_STEP * IntWeights.INPUT_STEP;
  }

  @Override
  public long panelBytes(int count) {
    return 4L * Math.ceilDiv(count, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP * COLUMNS;
  }

  @Override
  public void unpack(IntWeights weights, int firstOut, int firstIn, int count, MemorySegment panel) {
    new FloatPanels(weights).fillLevels(firstOut, COLUMNS, firstIn, count, panel);
  }

  @Override
  public void products(
      Activations x, int row, int rows, int firstIn, int count, int chunkInputs, int chunks, MemorySegment panel, Tiles tiles) {
    int at = row * x.stride() + firstIn;
    for (int chunk = 0; chunk < chunks; chunk++) {
      int from = chunk * chunkInputs;
      int inputs = Math.min(chunkInputs, count - from);
      PanelGemm.tile(
          inputs, x.floats(), at + from, x.stride(), rows, panel, 4L * from * COLUMNS, ZEROS, tiles.rawFloats(), chunk * TILE);
    }
  }

  @Override
  public void foldGroups(IntWeights weights, int firstOut, int firstGroup, int chunks, Tiles tiles, int yAt) {
    for (int i = 0; i < TILE; i += LANES) {
      int row = firstOut + i % COLUMNS;
      if (row < weights.out()) {
        long scaleAt = weights.scalesAt(row) + (long) firstGroup * IntWeights.LINE;
        foldGroups(weights.segment(), scaleAt, tiles.rawFloats(), i, chunks, tiles.y(), yAt + i);
      }
    }
  }

  private static void foldGroups(MemorySegment segment, long scaleAt, float[] raw, int rawAt, int chunks, float[] y, int yAt) {
    FloatVector total = FloatVector.fromArray(F, y, yAt);
    for (int chunk = 0; chunk < chunks; chunk++) {
      FloatVector sum = FloatVector.fromArray(F, raw, rawAt + chunk * TILE);
      total = sum.fma(FloatVector.fromMemorySegment(F, segment, scaleAt + (long) chunk * IntWeights.LINE, LITTLE_ENDIAN), total);
    }
    total.intoArray(y, yAt);
  }

  @Override
  public void foldParts(IntWeights weights, int firstOut, int group, boolean isLast, int chunks, Tiles tiles, int yAt) {
    for (int i = 0; i < TILE; i += LANES) {
      int row = firstOut + i % COLUMNS;
      foldParts(tiles.rawFloats(), i, chunks, tiles.sums(), yAt + i);
      if (isLast && row < weights.out()) {
        long scaleAt = weights.scalesAt(row) + (long) group * IntWeights.LINE;
        LevelPanels.endGroup(weights.segment(), scaleAt, tiles.sums(), tiles.y(), yAt + i);
      }
    }
  }

  private static void foldParts(float[] raw, int rawAt, int chunks, int[] sums, int at) {
    IntVector total = IntVector.fromArray(I, sums, at);
    for (int chunk = 0; chunk < chunks; chunk++) {
      total = total.add((IntVector) FloatVector.fromArray(F, raw, rawAt + chunk * TILE).convert(F2I, 0));
    }
    total.intoArray(sums, at);
  }
}
