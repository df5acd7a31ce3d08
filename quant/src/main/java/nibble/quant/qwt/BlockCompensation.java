package nibble.quant.qwt;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.AffineMap;
import nibble.nn.Block;
import nibble.nn.Model;
import nibble.quant.model.MethodProgress;
import nibble.quant.ridge.RidgeRegression;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Puts a map beside every block of a quantized model, block by block, each fitted on what the
 * compensated blocks before it give:
 *
 * <pre>{@code
 * for each block:  q = quantized(x)    f = target(x)    (M, c) = ridge(x -> f - q)    x <- q + M x + c
 * }</pre>
 *
 * <p>A map is kept only if it explains something: R2 above 0, after its weight was rounded to 16
 * bits. Blocks that change the shape of the stream get none.
 */
public final class BlockCompensation {
  private final Ops ops;
  private final double ridge;
  private final int firstBlock;

  /**
   * @param ridge share of the mean diagonal of the Gram matrix that is added to it
   * @param firstBlock number of the first block that gets a map; the blocks before it are left
   *     alone
   */
  public BlockCompensation(Ops ops, double ridge, int firstBlock) {
    this.ops = ops;
    this.ridge = ridge;
    this.firstBlock = firstBlock;
  }

  /**
   * Fits all maps and puts them beside the blocks of {@code quantized}.
   *
   * @param target what each block of the same number should do
   * @param inputs of the model, in batches
   * @return R2 of each block by its name; 0 or less where no map was kept
   */
  public Map<String, Double> fit(
      Model quantized, Model target, List<Tensor> inputs, MethodProgress progress) {
    Map<String, Double> explained = new LinkedHashMap<>();
    List<? extends Block> blocks = quantized.blocks();
    progress.begin("compensate", blocks.size(), "blocks");
    try (var inference = ops.noGrad()) {
      List<Tensor> stream = new ArrayList<>();
      for (Tensor input : inputs) {
        try (Scope scope = ops.scope()) {
          stream.add(scope.keep(quantized.embed(ops, input)));
        }
      }
      for (int i = 0; i < blocks.size(); i++) {
        Block block = blocks.get(i);
        quantized.sites().removeBeside(block.name());
        if (i >= firstBlock) {
          fit(quantized, block, target, target.blocks().get(i), stream, explained);
        }
        stream = through(quantized, block, stream);
        progress.to(i + 1, block.name());
      }
    }
    return explained;
  }

  private List<Tensor> through(Model model, Block block, List<Tensor> stream) {
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor x : stream) {
      try (Scope scope = ops.scope()) {
        outputs.add(scope.keep(model.through(ops, block, x)));
      }
    }
    return outputs;
  }

  private void fit(
      Model quantized,
      Block block,
      Model target,
      Block wanted,
      List<Tensor> stream,
      Map<String, Double> explained) {
    RidgeRegression regression = null;
    for (Tensor x : stream) {
      try (Scope scope = ops.scope()) {
        Tensor missing = ops.sub(target.through(ops, wanted, x), quantized.through(ops, block, x));
        if (!missing.shape().equals(x.shape())) {
          return;
        }
        int width = x.dim(-1);
        if (regression == null) {
          regression = new RidgeRegression(width, width);
        }
        regression.add(
            x.array(),
            x.offset(),
            missing.array(),
            missing.offset(),
            (int) (x.size() / width),
            ops.splitter());
      }
    }
    if (regression != null) {
      keepIfUseful(quantized, block, regression, stream.getFirst().dim(-1), explained);
    }
  }

  private void keepIfUseful(
      Model quantized,
      Block block,
      RidgeRegression regression,
      int width,
      Map<String, Double> explained) {
    RidgeRegression.Solution solution = regression.solve(ridge, ops.splitter());
    AffineMap map =
        new AffineMap(
            Tensor.of(solution.weight(), width, width), Tensor.of(solution.bias(), width));
    double r2 = regression.r2(map.weight().toFloats(), map.bias().toFloats());
    explained.put(block.name(), r2);
    if (r2 > 0) {
      quantized.sites().putBeside(block.name(), map);
    }
  }
}
