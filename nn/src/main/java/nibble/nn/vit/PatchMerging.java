package nibble.nn.vit;

import java.util.List;
import nibble.nn.Block;
import nibble.nn.Linear;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Four neighbouring patches become one of twice the width: {@code [batch, n, width]} to {@code
 * [batch, n / 4, 2 * width]}.
 */
final class PatchMerging implements Block {
  private static final int MERGED = 4;
  private static final float EPSILON = 1e-5f;

  private final String name;
  private final int side;
  private final Norm norm;
  private final Linear reduction;

  /** What stands between {@code stage} and the next one. */
  PatchMerging(int stage, SwinConfig config, LayerMaker make) {
    name = "merges." + stage;
    side = config.grid(stage);
    int width = config.width(stage);
    String layer = "swin.encoder.layers." + stage + ".downsample";
    norm = make.layerNorm(name + ".norm", layer + ".norm", MERGED * width, EPSILON);
    reduction =
        make.linear(
            name + ".reduction",
            layer + ".reduction",
            2 * width,
            MERGED * width,
            config.mergeBias(),
            make.sites().add(name + ".reduction.input"));
  }

  @Override
  public String name() {
    return name;
  }

  /**
   * Channels of the patch above left, then below left, above right, below right. Zeros stand in for
   * patches beyond an odd side.
   */
  @Override
  public Tensor forward(Ops ops, Tensor x) {
    int batch = x.dim(0);
    int width = x.dim(2);
    int half = Math.ceilDiv(side, 2);
    Tensor rows = ops.reshape(x, batch * side * side, width);
    Tensor table = side % 2 == 0 ? rows : ops.concat(0, rows, Tensor.zeros(1, width));
    int[] ids = new int[batch * half * half * MERGED];
    for (int i = 0; i < ids.length; i++) {
      int place = i / MERGED % (half * half);
      int row = 2 * (place / half) + i % 2;
      int column = 2 * (place % half) + i % MERGED / 2;
      int image = i / (MERGED * half * half);
      ids[i] =
          row < side && column < side ? (image * side + row) * side + column : batch * side * side;
    }
    Tensor merged = ops.reshape(ops.rowsOf(table, ids), batch, half * half, MERGED * width);
    return reduction.forward(ops, norm.forward(ops, merged));
  }

  @Override
  public List<List<Linear>> stages() {
    return List.of(List.of(reduction));
  }

  ResidualStructure.Reader reader() {
    return new ResidualStructure.Reader(norm, List.of(reduction));
  }

  /** The parameters that belong to no linear layer. */
  void addOwnParameters(List<Parameter> all) {
    LayerMaker.addTo(all, norm);
  }
}
