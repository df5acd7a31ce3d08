package nibble.nn.integer;

import java.util.Map;
import java.util.function.UnaryOperator;
import nibble.nn.Operator;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@link IntegerLayerNorm} in place of a model's layer normalisation: its input becomes codes with
 * one scale, the result is a code times {@code sqrt(n) / 2^30}. Gain and bias stay with the model;
 * they belong to the change of scale that follows.
 */
public final class LayerNormForm implements StoredForm {
  static final String KIND = "integer_layer_norm";

  private final Codes input;

  /**
   * @param scale of the input
   * @param inputBits of a code, 2 to 16 (I-ViT: 16)
   */
  public LayerNormForm(double scale, int inputBits) {
    input = new Codes(scale, inputBits);
  }

  static StoredForm of(FunctionRecord record) {
    return new LayerNormForm(record.number("scale"), record.integer("input_bits"));
  }

  @Override
  public Operator.Kind operator() {
    return Operator.Kind.LAYER_NORM;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own) {
    int width = x.dim(-1);
    double unit = IntegerLayerNorm.scale(width);
    return RowForm.apply(
        ops,
        x,
        own,
        (values, from, y, to) -> {
          int[] q = new int[width];
          for (int i = 0; i < width; i++) {
            q[i] = input.of(values[from + i]);
          }
          long[] normalised = IntegerLayerNorm.of(q);
          for (int i = 0; i < width; i++) {
            y[to + i] = (float) (normalised[i] * unit);
          }
        });
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND, Map.of("scale", input.scale(), "input_bits", (double) input.bits()), Map.of());
  }
}
