package nibble.quant.rsq;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Gptq;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.observer.AttentionConcentration;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * RSQ: GPTQ with a Hessian in which each token counts by the attention that goes to it.
 *
 * <p>Sung, Yadav, Li, Yoon, Bansal: <a
 * href="https://arxiv.org/abs/2503.01820">arXiv:2503.01820</a>, with the authors' code.
 *
 * <pre>{@code
 * H = 2/N sum over tokens t of r[t] x[t] x[t]^T      r: AttentionConcentration of the block on this sequence
 * codes = GPTQ(W, H)
 * }</pre>
 *
 * <p>The method of the paper rotates first: {@code hadamard+rsq}; the clip search is part of the
 * scheme ({@code w:clip=mse}). Left out: copies of the calibration texts that are shifted by
 * eighths, the other rules of importance. Layers outside blocks with attention, such as the head,
 * weigh tokens alike.
 */
public final class Rsq implements WeightMethod {
  private static final String LEAST = "least-weight";

  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "rsq",
          "RSQ",
          "Sung, Yadav, Li, Yoon, Bansal 2025, arXiv:2503.01820",
          "calibration inputs of every layer, attention maps",
          "at 3 and 2 bits, rotated: hadamard+rsq",
          options(),
          Gptq.CARD.packedSchemes());

  private final Gptq gptq;
  private final AttentionConcentration weights;

  private Rsq(Gptq gptq, AttentionConcentration weights) {
    this.gptq = gptq;
    this.weights = weights;
  }

  private static List<MethodOption> options() {
    List<MethodOption> options = new ArrayList<>(Gptq.CARD.options());
    options.add(
        MethodOption.number(
            LEAST,
            0.005,
            "weight of the token with the least attention, relative to the one with the most"
                + " (paper: 0.005 to 0.1)"));
    return List.copyOf(options);
  }

  /** From options as the catalogue resolves them. */
  public static Rsq of(OptionValues options) {
    return new Rsq(Gptq.of(options), new AttentionConcentration(options.number(LEAST)));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public boolean needsHessian() {
    return true;
  }

  @Override
  public Optional<AttentionConcentration> tokenWeights() {
    return Optional.of(weights);
  }

  @Override
  public QuantizedTensor quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    Hessian inputs = Hessian.required(hessian, name, "rsq");
    return gptq.quantize(name, weight, inputs, scheme, splitter);
  }
}
