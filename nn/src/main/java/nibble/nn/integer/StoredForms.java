package nibble.nn.integer;

import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import nibble.nn.site.FunctionRecord;

/** The kinds of stored forms by name. */
public final class StoredForms {
  private static final Map<String, Function<FunctionRecord, StoredForm>> KINDS =
      Map.of(
          ShiftmaxForm.KIND, ShiftmaxForm::of,
          ShiftGeluForm.KIND, ShiftGeluForm::of,
          LayerNormForm.KIND, LayerNormForm::of);

  private StoredForms() {}

  /**
   * The form that a record stands for.
   *
   * @throws IllegalArgumentException if its kind is not known or something in it does not fit; the
   *     message says what
   */
  public static StoredForm of(FunctionRecord record) {
    Function<FunctionRecord, StoredForm> maker = KINDS.get(record.kind());
    if (maker == null) {
      throw new IllegalArgumentException(
          "unknown form '%s'; known are %s; read it with a newer version"
              .formatted(record.kind(), String.join(", ", new TreeSet<>(KINDS.keySet()))));
    }
    return maker.apply(record);
  }
}
