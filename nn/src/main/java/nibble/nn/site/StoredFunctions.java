package nibble.nn.site;

import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;

/** The kinds of stored functions by name. */
public final class StoredFunctions {
  private static final Map<String, Function<FunctionRecord, StoredFunction>> KINDS =
      Map.of(
          UniformQuantizer.KIND, UniformQuantizer::of,
          LevelQuantizer.KIND, LevelQuantizer::of,
          SmoothedQuantizer.KIND, SmoothedQuantizer::of,
          ChannelScale.KIND, ChannelScale::of,
          ChannelShift.KIND, ChannelShift::of,
          CrossQuantizer.KIND, CrossQuantizer::of);

  private StoredFunctions() {}

  /**
   * The function that a record stands for.
   *
   * @throws IllegalArgumentException if its kind is not known or something in it does not fit; the
   *     message says what
   */
  public static StoredFunction of(FunctionRecord record) {
    Function<FunctionRecord, StoredFunction> maker = KINDS.get(record.kind());
    if (maker == null) {
      throw new IllegalArgumentException(
          "unknown site function '%s'; known are %s; read it with a newer version"
              .formatted(record.kind(), String.join(", ", new TreeSet<>(KINDS.keySet()))));
    }
    return maker.apply(record);
  }
}
