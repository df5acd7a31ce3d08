package nibble.kernels.platform;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * A program that loads and stores vectors in segments of every kind: of arrays, of arenas and of
 * files. What the compiler learns in it about the methods of the JDK holds for the kernels as well.
 */
public final class MixedSegments {
  private static final int BYTES = 1 << 13;
  private static final int STEP = 256;
  private static final int TIMES = 3000;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private MixedSegments() {}

  /**
   * Runs the program.
   *
   * @return what it computed, which means nothing
   */
  public static float use() throws IOException {
    Path file = Files.createTempFile("mixed-segments", ".bin");
    Files.write(file, new byte[BYTES]);
    float sum = 0;
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file)) {
      MemorySegment[] kinds = {
        MemorySegment.ofArray(new float[BYTES / 4]),
        MemorySegment.ofArray(new byte[BYTES]),
        arena.allocate(BYTES, 64),
        channel.map(MapMode.READ_ONLY, 0, BYTES, arena)
      };
      for (int i = 0; i < TIMES; i++) {
        for (MemorySegment kind : kinds) {
          sum += pass(kind.asSlice(0, BYTES));
        }
      }
    }
    Files.delete(file);
    return sum;
  }

  private static float pass(MemorySegment segment) {
    FloatVector floats = FloatVector.zero(Lanes.FLOAT);
    IntVector ints = IntVector.zero(Lanes.INT);
    ShortVector shorts = ShortVector.zero(Lanes.SHORT);
    for (long at = 0; at < BYTES; at += STEP) {
      MemorySegment part = segment.asSlice(at, STEP);
      floats = floats.add(FloatVector.fromMemorySegment(Lanes.FLOAT, part, 64, ORDER));
      ints = ints.add(IntVector.fromMemorySegment(Lanes.INT, part, 0, ORDER));
      ints = ints.add(part.get(ValueLayout.JAVA_INT_UNALIGNED, 4));
      shorts = shorts.add(ShortVector.fromMemorySegment(Lanes.SHORT, part, 32, ORDER));
      if (!part.isReadOnly()) {
        floats.intoMemorySegment(part, 128, ORDER);
        ints.intoMemorySegment(part, 192, ORDER);
      }
    }
    return floats.lane(0) + ints.lane(0) + shorts.lane(0);
  }
}
