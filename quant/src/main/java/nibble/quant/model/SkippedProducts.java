package nibble.quant.model;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Linear;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Makes a part compute only as far as the inputs of one stage: products of that stage and of later
 * ones are zeros while this is open. Their weights are not even packed, so measuring the inputs of
 * a head costs no logits.
 */
public final class SkippedProducts implements AutoCloseable {
  private final List<Linear> skipped = new ArrayList<>();

  /**
   * @param stage one of the part's stages; where its layers read different sites, one may read what
   *     another makes, so only later stages are skipped
   */
  public SkippedProducts(Segment segment, List<Linear> stage) {
    int index = segment.stages().indexOf(stage);
    if (index < 0) {
      throw new IllegalArgumentException("'" + segment.name() + "' has no stage " + stage);
    }
    boolean oneInput = stage.stream().map(Linear::input).distinct().count() == 1;
    segment.stages().stream()
        .skip(oneInput ? index : index + 1L)
        .flatMap(List::stream)
        .filter(linear -> !linear.isReplaced())
        .forEach(
            linear -> {
              linear.execute(new Zeros(linear.out(), linear.in()));
              skipped.add(linear);
            });
  }

  @Override
  public void close() {
    skipped.forEach(Linear::weightChanged);
  }

  private record Zeros(int out, int in) implements WeightMatrix {
    @Override
    public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
      return Tensor.zeros(x.shape().with(-1, out).dims());
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public String format() {
      return "zeros";
    }
  }
}
