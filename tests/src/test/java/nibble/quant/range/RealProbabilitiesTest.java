package nibble.quant.range;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.data.LabeledImages;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.format.IntFormat;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;

/**
 * Grids of attention probabilities on those of DeiT-Tiny, fitted to two images and judged on two
 * others by what the product with the values loses: squared errors as shares of the sum of squares,
 * mean over some blocks, some rows of each map. Of 4 bits all logarithmic grids, whose codes are 4
 * bits with the zero, are far better than the uniform one of least squares. Of 8 bits those of a
 * fixed base are worse: they do not get finer with more bits.
 */
class RealProbabilitiesTest {
  private static final int FITTED = 2;
  private static final int ROWS = 64;
  private static final int EVERY_BLOCK = 3;

  private final Ops ops = Ops.serial();

  private record Passed(Tensor probabilities, Tensor values) {}

  @Test
  void logarithmicGridsBeatTheUniformOneAtFourBitsButNotAtEight() {
    List<Passed> blocks = new ArrayList<>();
    try (LoadedModel loaded = ModelLoader.load(SharedData.require("vit/deit-tiny-patch16-224"));
        var inference = ops.noGrad()) {
      List<RgbImage> images = new ArrayList<>();
      LabeledImages all = LabeledImages.read(SharedData.require("images-dev"), 1000);
      for (int i = 0; i < 2 * FITTED; i++) {
        images.add(all.samples().get(80 * i).decode());
      }
      blocks.addAll(passed(loaded.model(), loaded.preprocessor().apply(images)));
      Map<String, Double> four = errors(blocks, 4);
      for (String grid : List.of("log2", "log-sqrt2", "adalog")) {
        assertTrue(four.get(grid) < four.get("uniform") / 4, "4 bits: " + four);
      }
      assertTrue(
          four.get("adalog") < Math.min(four.get("log2"), four.get("log-sqrt2")),
          "a searched base: " + four);
      Map<String, Double> eight = errors(blocks, 8);
      for (String grid : List.of("log2", "log-sqrt2")) {
        assertTrue(eight.get(grid) > eight.get("uniform"), "8 bits: " + eight);
      }
    }
  }

  private List<Passed> passed(Model model, Tensor pixels) {
    Map<String, Tensor> seen = new LinkedHashMap<>();
    for (Site site : model.sites().all()) {
      if (site.name().endsWith(".probs") || site.name().endsWith(".v_out")) {
        site.append(
            (o, x) -> {
              seen.put(site.name(), Tensor.of(x.toFloats(), x.shape().dims()));
              return x;
            });
      }
    }
    try (Scope scope = ops.scope()) {
      Tensor unused = model.forward(ops, pixels);
    }
    List<Passed> passed = new ArrayList<>();
    for (int i = 0; i < model.blocks().size(); i += EVERY_BLOCK) {
      String name = model.blocks().get(i).name();
      Tensor rows = seen.get(name + ".attn.probs").slice(2, 0, ROWS);
      passed.add(
          new Passed(
              Tensor.of(rows.toFloats(), rows.shape().dims()), seen.get(name + ".attn.v_out")));
    }
    return passed;
  }

  private Map<String, Double> errors(List<Passed> blocks, int bits) {
    Map<String, Double> errors = new LinkedHashMap<>();
    for (Passed passed : blocks) {
      int images = passed.probabilities.dim(0);
      Tensor fitted = passed.probabilities.slice(0, 0, images / 2);
      Tensor values = passed.values.slice(0, 0, images / 2);
      Tensor judged = passed.probabilities.slice(0, images / 2, images);
      Tensor others = passed.values.slice(0, images / 2, images);
      Tensor expected = ops.matmul(judged, others);
      grids(bits, fitted, values)
          .forEach(
              (name, grid) ->
                  errors.merge(
                      name,
                      share(ops.matmul(grid.apply(ops, judged), others), expected) / blocks.size(),
                      Double::sum));
    }
    return errors;
  }

  private Map<String, SiteFunction> grids(int bits, Tensor p, Tensor v) {
    Map<String, SiteFunction> grids = new LinkedHashMap<>();
    grids.put(
        "uniform",
        SiteGrids.fit("probs", p, Shape.of(), IntFormat.asymmetric(bits), RangeSearch.SHRINK, ops));
    grids.put("log2", SoftmaxFit.fit(bits, p.toFloats(), 1, LogGrid.Zero.RESERVED));
    grids.put("log-sqrt2", SoftmaxFit.fit(bits, p.toFloats(), 0.5, LogGrid.Zero.RESERVED));
    if (bits < 8) {
      grids.put("adalog", SoftmaxBase.fit(ops, bits, p, v, LogGrid.Zero.RESERVED));
    }
    return grids;
  }

  private static double share(Tensor x, Tensor expected) {
    float[] a = x.toFloats();
    float[] b = expected.toFloats();
    double error = 0;
    double whole = 0;
    for (int i = 0; i < a.length; i++) {
      error += ((double) a[i] - b[i]) * (a[i] - b[i]);
      whole += (double) b[i] * b[i];
    }
    return error / whole;
  }
}
