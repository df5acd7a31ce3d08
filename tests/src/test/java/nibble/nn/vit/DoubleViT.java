package nibble.nn.vit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Norm;
import nibble.nn.Parameter;

/**
 * ViT and DeiT in double precision with plain loops, written from the papers: the specification
 * that {@link ViT} is tested against.
 */
final class DoubleViT {
  private final ViTConfig config;
  private final Map<String, double[]> parameters = new HashMap<>();

  /** Copies the parameters of {@code model}, which has not been transformed. */
  DoubleViT(ViT model) {
    config = model.config();
    for (Parameter parameter : model.parameters()) {
      float[] values = parameter.peek().toFloats();
      double[] copy = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        copy[i] = values[i];
      }
      parameters.put(parameter.name(), copy);
    }
  }

  /** The elements of a parameter; changing them changes the function. */
  double[] parameter(String name) {
    double[] values = parameters.get(name);
    if (values == null) {
      throw new IllegalArgumentException("no parameter " + name);
    }
    return values;
  }

  /** Logits of one image {@code [channels, size, size]}. */
  double[] logits(double[] image) {
    String prefix = config.prefix();
    double[][] x = embed(image);
    for (int layer = 0; layer < config.layers(); layer++) {
      String at = prefix + "encoder.layer." + layer;
      add(x, attention(norm(x, at + ".layernorm_before"), at + ".attention"));
      double[][] hidden = linear(norm(x, at + ".layernorm_after"), at + ".intermediate.dense");
      for (double[] row : hidden) {
        for (int i = 0; i < row.length; i++) {
          row[i] = 0.5 * row[i] * (1 + erf(row[i] / Math.sqrt(2)));
        }
      }
      add(x, linear(hidden, at + ".output.dense"));
    }
    double[][] last = norm(x, prefix + "layernorm");
    if (!config.architecture().equals(ViTConfig.DEIT_DISTILLED)) {
      return linear(new double[][] {last[0]}, "classifier")[0];
    }
    double[] a = linear(new double[][] {last[0]}, "cls_classifier")[0];
    double[] b = linear(new double[][] {last[1]}, "distillation_classifier")[0];
    for (int i = 0; i < a.length; i++) {
      a[i] = (a[i] + b[i]) / 2;
    }
    return a;
  }

  private double[][] embed(double[] image) {
    String at = config.prefix() + "embeddings.";
    List<double[]> tokens = new ArrayList<>();
    tokens.add(parameter(at + "cls_token").clone());
    if (config.hasDistillationToken()) {
      tokens.add(parameter(at + "distillation_token").clone());
    }
    int patch = config.patchSize();
    int size = config.imageSize();
    double[] kernel = parameter(at + "patch_embeddings.projection.weight");
    double[] bias = parameter(at + "patch_embeddings.projection.bias");
    for (int top = 0; top < size; top += patch) {
      for (int left = 0; left < size; left += patch) {
        double[] token = bias.clone();
        for (int o = 0; o < token.length; o++) {
          for (int c = 0; c < config.channels(); c++) {
            for (int y = 0; y < patch; y++) {
              for (int z = 0; z < patch; z++) {
                token[o] +=
                    kernel[((o * config.channels() + c) * patch + y) * patch + z]
                        * image[(c * size + top + y) * size + left + z];
              }
            }
          }
        }
        tokens.add(token);
      }
    }
    double[] positions = parameter(at + "position_embeddings");
    double[][] x = tokens.toArray(double[][]::new);
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < config.hidden(); i++) {
        x[t][i] += positions[t * config.hidden() + i];
      }
    }
    return x;
  }

  private double[][] norm(double[][] x, String name) {
    if (config.norm() == Norm.Kind.RMS) {
      throw new IllegalArgumentException("the specification has layer norms only");
    }
    double[] gain = parameter(name + ".weight");
    double[] bias = parameter(name + ".bias");
    double[][] result = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double mean = 0;
      for (double v : x[t]) {
        mean += v / x[t].length;
      }
      double variance = 0;
      for (double v : x[t]) {
        variance += (v - mean) * (v - mean) / x[t].length;
      }
      result[t] = new double[x[t].length];
      for (int i = 0; i < x[t].length; i++) {
        result[t][i] =
            (x[t][i] - mean) / Math.sqrt(variance + config.epsilon()) * gain[i] + bias[i];
      }
    }
    return result;
  }

  private double[][] attention(double[][] x, String name) {
    double[][] q = linear(x, name + ".attention.query");
    double[][] k = linear(x, name + ".attention.key");
    double[][] v = linear(x, name + ".attention.value");
    int width = config.headDim();
    double[][] mixed = new double[x.length][config.hidden()];
    for (int head = 0; head < config.heads(); head++) {
      for (int t = 0; t < x.length; t++) {
        double[] weights = new double[x.length];
        double total = 0;
        for (int s = 0; s < x.length; s++) {
          double score = 0;
          for (int i = head * width; i < (head + 1) * width; i++) {
            score += q[t][i] * k[s][i];
          }
          weights[s] = Math.exp(score / Math.sqrt(width));
          total += weights[s];
        }
        for (int s = 0; s < x.length; s++) {
          for (int i = head * width; i < (head + 1) * width; i++) {
            mixed[t][i] += weights[s] / total * v[s][i];
          }
        }
      }
    }
    return linear(mixed, name + ".output.dense");
  }

  private double[][] linear(double[][] x, String name) {
    double[] weight = parameter(name + ".weight");
    int in = x[0].length;
    int out = weight.length / in;
    double[] bias = parameters.getOrDefault(name + ".bias", new double[out]);
    double[][] y = new double[x.length][out];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < out; o++) {
        y[t][o] = bias[o];
        for (int i = 0; i < in; i++) {
          y[t][o] += weight[o * in + i] * x[t][i];
        }
      }
    }
    return y;
  }

  private static void add(double[][] x, double[][] change) {
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < x[t].length; i++) {
        x[t][i] += change[t][i];
      }
    }
  }

  /**
   * {@code erf(x) = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (1 3 5 ... (2n+1))}: all terms have one
   * sign, so nothing cancels.
   */
  static double erf(double x) {
    if (Math.abs(x) > 6) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 200; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
}
