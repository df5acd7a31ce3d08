package nibble.quant.qwt;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * QwT: one linear map beside each block, in closed form, repairs a model that was quantized by any
 * other method.
 *
 * <p>Quantization without Tears, CVPR 2025, <a
 * href="https://arxiv.org/abs/2411.13918">arXiv:2411.13918</a> (number from memory), after the
 * authors' code.
 *
 * <pre>{@code
 * X : [tokens, hidden]  input of the block, from the compensated blocks before it        X1 = [X, 1]
 * R = float_block(X) - quantized_block(X)
 * theta = (X1^T X1 + lambda I)^-1 X1^T R        out = quantized_block(x) + x theta[:d] + theta[d]
 * }</pre>
 *
 * <p>The map is used only if its R2 on the calibration tokens is above 0 (the authors' code).
 * Differs: a small ridge, and the R2 is tested again after the map was rounded to F16, in which it
 * is kept. Cost: one Gram matrix and one Cholesky factorisation a block; in execution one float
 * product of {@code hidden x hidden} a block, about a twelfth of a ViT block's weights.
 */
public final class Qwt implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "qwt",
          "Quantization without Tears",
          "QwT, CVPR 2025: arXiv:2411.13918 (number from memory)",
          "calibration samples; the float model beside the quantized one",
          "behind another method, as in repq-vit+qwt, where a block's error is worth a float map"
              + " beside it",
          QwtOptions.OPTIONS,
          List.of("whatever it mends; the maps run in 16-bit float"));

  private final QwtOptions options;

  /** With the given knobs. */
  public Qwt(QwtOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Qwt of(OptionValues values) {
    return new Qwt(QwtOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public MethodPlace place() {
    return MethodPlace.MEND;
  }

  @Override
  public double passes(int samples) {
    return 4.0 * samples;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    BlockCompensation compensation =
        new BlockCompensation(task.ops(), options.ridge(), options.firstBlock());
    Map<String, Double> explained =
        compensation.fit(
            task.model(), task.floatModel().get(), task.samples().inputs(), task.progress());
    Map<String, Double> facts = new LinkedHashMap<>();
    explained.forEach((block, r2) -> facts.put("qwt." + block + ".r2", r2));
    return new MethodReport(List.of(), facts, List.of());
  }
}
