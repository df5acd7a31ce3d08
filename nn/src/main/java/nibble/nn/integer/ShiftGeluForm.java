package nibble.nn.integer;

import java.util.Map;
import java.util.function.UnaryOperator;
import nibble.nn.Operator;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@link ShiftGelu} in place of a model's GELU: its input becomes codes with one scale S, and the
 * result is a code times {@code S 2^(1 - sigmoidBits)}. There are few codes, so all results are
 * computed beforehand.
 */
public final class ShiftGeluForm implements StoredForm {
  static final String KIND = "shift_gelu";

  private static final int MOST_INPUT_BITS = 12;

  private final Codes input;
  private final int sigmoidBits;
  private final float[] results;

  /**
   * @param scale of the input
   * @param inputBits of a code, 2 to 12 (I-ViT: 8)
   * @param sigmoidBits of the sigmoid, 4 to 16 (I-ViT: 8)
   */
  public ShiftGeluForm(double scale, int inputBits, int sigmoidBits) {
    input = new Codes(scale, inputBits);
    if (inputBits > MOST_INPUT_BITS) {
      throw new IllegalArgumentException(
          "inputs of an activation have 2 to %d bits, found %d"
              .formatted(MOST_INPUT_BITS, inputBits));
    }
    this.sigmoidBits = sigmoidBits;
    ShiftGelu gelu = new ShiftGelu(scale, sigmoidBits);
    results = new float[2 * input.largest() + 1];
    for (int i = 0; i < results.length; i++) {
      results[i] = (float) Math.scalb(gelu.of(i - input.largest()) * scale, 1 - sigmoidBits);
    }
  }

  static StoredForm of(FunctionRecord record) {
    return new ShiftGeluForm(
        record.number("scale"), record.integer("input_bits"), record.integer("sigmoid_bits"));
  }

  @Override
  public Operator.Kind operator() {
    return Operator.Kind.GELU;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own) {
    int width = x.dim(-1);
    return RowForm.apply(
        ops,
        x,
        own,
        (values, from, y, to) -> {
          for (int i = 0; i < width; i++) {
            y[to + i] = results[input.of(values[from + i]) + input.largest()];
          }
        });
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of(
            "scale",
            input.scale(),
            "input_bits",
            (double) input.bits(),
            "sigmoid_bits",
            (double) sigmoidBits),
        Map.of());
  }
}
