package nibble.quant.rotation;

import java.util.Arrays;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Linear maps folded into weights, in double precision, stored as F32 at the end. */
final class WeightMaps {
  private WeightMaps() {}

  /**
   * Every row of the last axis: {@code row <- q(row)}. For a weight whose input is rotated by
   * {@code q}, and for embeddings.
   */
  static void mapRows(Parameter parameter, Orthogonal q) {
    checkSize(parameter.name(), parameter.shape().dim(-1), q);
    parameter.map(
        tensor -> {
          double[] values = toDoubles(tensor.toFloats());
          for (int at = 0; at < values.length; at += q.size()) {
            q.apply(values, at);
          }
          return Tensor.of(toFloats(values), tensor.shape().dims());
        });
  }

  /** The input axis of {@code linear}. */
  static void mapInputs(Linear linear, Orthogonal q) {
    mapRows(linear.weight(), q);
    linear.weightChanged();
  }

  /** The output axis of {@code linear}: every column of the weight, and the bias. */
  static void mapOutputs(Linear linear, Orthogonal q) {
    checkSize(linear.name(), linear.out(), q);
    linear.weight().map(tensor -> mapColumns(tensor, q));
    linear.weightChanged();
    Parameter bias = linear.bias();
    if (bias != null) {
      mapRows(bias, q);
    }
  }

  /** The output rows of every value head, and their biases; other rows of the layer stay. */
  static void mapHeads(ResidualStructure.HeadRows values, int heads, Orthogonal q) {
    Linear linear = values.linear();
    mapOutputs(linear, new Heads(q, linear.out(), heads, values.first(), values.step()));
  }

  /** {@code part} on {@code heads} slices that begin at {@code first}, {@code first + step}, ... */
  private record Heads(Orthogonal part, int size, int heads, int first, int step)
      implements Orthogonal {
    @Override
    public void apply(double[] x, int offset) {
      for (int head = 0; head < heads; head++) {
        part.apply(x, offset + first + head * step);
      }
    }
  }

  private static Tensor mapColumns(Tensor tensor, Orthogonal q) {
    int out = tensor.dim(0);
    int in = tensor.dim(1);
    float[] weight = tensor.toFloats();
    double[] column = new double[out];
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < out; o++) {
        column[o] = weight[o * in + i];
      }
      q.apply(column, 0);
      for (int o = 0; o < out; o++) {
        weight[o * in + i] = (float) column[o];
      }
    }
    return Tensor.of(weight, out, in);
  }

  /** Subtracts the mean over the last axis from every row. */
  static void centreRows(Parameter parameter) {
    parameter.map(
        tensor -> {
          float[] values = tensor.toFloats();
          int width = tensor.dim(-1);
          for (int at = 0; at < values.length; at += width) {
            double sum = 0;
            for (int i = 0; i < width; i++) {
              sum += values[at + i];
            }
            for (int i = 0; i < width; i++) {
              values[at + i] = (float) (values[at + i] - sum / width);
            }
          }
          return Tensor.of(values, tensor.shape().dims());
        });
  }

  /** Subtracts the mean over the outputs, so that what the layer writes has mean zero. */
  static void centreOutputs(Linear linear) {
    linear.weight().map(WeightMaps::centreColumns);
    linear.weightChanged();
    Parameter bias = linear.bias();
    if (bias != null) {
      centreRows(bias);
    }
  }

  private static Tensor centreColumns(Tensor tensor) {
    int out = tensor.dim(0);
    int in = tensor.dim(1);
    float[] weight = tensor.toFloats();
    double[] sum = new double[in];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        sum[i] += weight[o * in + i];
      }
    }
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        weight[o * in + i] = (float) (weight[o * in + i] - sum[i] / out);
      }
    }
    return Tensor.of(weight, out, in);
  }

  /**
   * {@code W <- W diag(gain)} and {@code b <- b + W shift} with the weight as it was before. A
   * missing bias is created.
   */
  static void foldGainAndShift(Linear linear, float[] gain, float @Nullable [] shift) {
    Parameter weight = linear.weight();
    if (shift != null) {
      Parameter bias = linear.ensureBias();
      bias.set(plusProduct(bias.peek().toFloats(), weight.peek(), shift));
    }
    weight.map(tensor -> timesGain(tensor, gain));
    linear.weightChanged();
  }

  private static Tensor plusProduct(float[] bias, Tensor weight, float[] shift) {
    float[] w = weight.toFloats();
    int in = shift.length;
    for (int o = 0; o < bias.length; o++) {
      double sum = bias[o];
      for (int i = 0; i < in; i++) {
        sum += (double) w[o * in + i] * shift[i];
      }
      bias[o] = (float) sum;
    }
    return Tensor.of(bias, bias.length);
  }

  private static Tensor timesGain(Tensor weight, float[] gain) {
    float[] w = weight.toFloats();
    for (int at = 0; at < w.length; at += gain.length) {
      for (int i = 0; i < gain.length; i++) {
        w[at + i] *= gain[i];
      }
    }
    return Tensor.of(w, weight.shape().dims());
  }

  static float[] ones(int length) {
    float[] ones = new float[length];
    Arrays.fill(ones, 1f);
    return ones;
  }

  private static void checkSize(String name, int size, Orthogonal q) {
    if (size != q.size()) {
      throw new IllegalArgumentException(
          "'" + name + "' has " + size + " channels, the rotation " + q.size());
    }
  }

  private static double[] toDoubles(float[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }

  private static float[] toFloats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }
}
