package nibble.nn.integer;

import java.util.Map;
import java.util.function.UnaryOperator;
import nibble.nn.Operator;
import nibble.nn.site.FunctionRecord;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * {@link Shiftmax} in place of a model's softmax: scores become codes with one scale, and
 * probabilities are codes times {@code 2^(1 - outputBits)}. Scores of {@value #MASKED} and below
 * stand for pairs that do not see each other; they are left out of the codes and get the least
 * exponential.
 */
public final class ShiftmaxForm implements StoredForm {
  /** Scores up to here are masks, such as the -100 of Swin. */
  public static final float MASKED = -64;

  static final String KIND = "shiftmax";

  private static final int MASKED_CODE = -(1 << 20);

  private final Codes input;
  private final int outputBits;
  private final Shiftmax softmax;

  /**
   * @param scale of the scores
   * @param inputBits of a score, 2 to 16 (I-ViT: 8)
   * @param outputBits of a probability, 4 to 16 (I-ViT: 16)
   */
  public ShiftmaxForm(double scale, int inputBits, int outputBits) {
    input = new Codes(scale, inputBits);
    this.outputBits = outputBits;
    softmax = new Shiftmax(scale, outputBits);
  }

  static StoredForm of(FunctionRecord record) {
    return new ShiftmaxForm(
        record.number("scale"), record.integer("input_bits"), record.integer("output_bits"));
  }

  @Override
  public Operator.Kind operator() {
    return Operator.Kind.SOFTMAX;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own) {
    int width = x.dim(-1);
    float unit = 1f / (1 << (outputBits - 1));
    return RowForm.apply(
        ops,
        x,
        own,
        (values, from, y, to) -> {
          int[] scores = new int[width];
          for (int i = 0; i < width; i++) {
            float score = values[from + i];
            scores[i] = score <= MASKED ? MASKED_CODE : input.of(score);
          }
          int[] p = softmax.of(scores);
          for (int i = 0; i < width; i++) {
            y[to + i] = p[i] * unit;
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
            "output_bits",
            (double) outputBits),
        Map.of());
  }
}
