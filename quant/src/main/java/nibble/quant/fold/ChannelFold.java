package nibble.quant.fold;

import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.site.ChannelScale;
import nibble.nn.site.ChannelShift;
import nibble.tensor.Tensor;

/**
 * Gives the input of linear layers other scales and positions without changing what they compute:
 *
 * <pre>{@code
 * x' = a x + c                                  for each channel of the input
 * W'[:, j] = W[:, j] / a[j]     u' = u - W' c    so  W' x' + u' = W x + u
 * }</pre>
 *
 * <p>Where a normalisation feeds these layers and nothing else, it makes x' itself, at no cost:
 * {@code gain' = a gain, bias' = a bias + c}; one without bias (RMS) takes factors alone. Elsewhere
 * a {@link ChannelScale} and a {@link ChannelShift} in the site do. RepQ-ViT (<a
 * href="https://arxiv.org/abs/2212.08254">arXiv:2212.08254</a>, section 3.3) has {@code a = 1 / r,
 * c = -b}.
 */
public final class ChannelFold {
  private ChannelFold() {}

  /**
   * Folds into the float weights of all layers that read {@code site}.
   *
   * @param a {@code [channels]}, finite and not 0
   * @param c {@code [channels]}, finite; zeros for a change of scale alone
   * @return whether a normalisation took it
   * @throws IllegalArgumentException if no linear layer reads the site, or the lengths do not fit
   */
  public static boolean apply(Model model, Site site, float[] a, float[] c) {
    List<Linear> linears =
        model.linears().stream().filter(linear -> linear.input() == site).toList();
    if (linears.isEmpty() || linears.getFirst().in() != a.length || c.length != a.length) {
      throw new IllegalArgumentException(
          "site '%s': %d factors and %d shifts do not fit the linear layers %s that read it"
              .formatted(site, a.length, c.length, linears));
    }
    check(site, a, c);
    Optional<Norm> norm = norm(model, site, isShift(c));
    norm.ifPresentOrElse(n -> intoNorm(n, a, c), () -> intoSite(site, a, c));
    linears.forEach(linear -> into(linear, a, c));
    return norm.isPresent();
  }

  private static void check(Site site, float[] a, float[] c) {
    for (int i = 0; i < a.length; i++) {
      if (!Float.isFinite(a[i]) || a[i] == 0 || !Float.isFinite(c[i])) {
        throw new IllegalArgumentException(
            "site '%s': channel %d has factor %s and shift %s, expected finite numbers and a factor other than 0"
                .formatted(site, i, a[i], c[i]));
      }
    }
  }

  /**
   * The normalisation whose result passes {@code site} unchanged and is read nowhere else, if it
   * can take factors.
   *
   * @param shifts whether it must take shifts too, and so have a bias
   */
  public static Optional<Norm> norm(Model model, Site site, boolean shifts) {
    return model.readers().stream()
        .filter(
            reader ->
                site.isIdentity()
                    && reader.linears().stream().allMatch(linear -> linear.input() == site))
        .map(ResidualStructure.Reader::norm)
        .filter(norm -> norm.gain() != null && (norm.bias() != null || !shifts))
        .findFirst();
  }

  private static boolean isShift(float[] c) {
    for (float shift : c) {
      if (shift != 0) {
        return true;
      }
    }
    return false;
  }

  private static void intoNorm(Norm norm, float[] a, float[] c) {
    Parameter gain = norm.gain();
    if (gain == null) {
      throw new IllegalStateException("'" + norm.name() + "' has lost its gain");
    }
    float[] g = gain.peek().toFloats();
    for (int j = 0; j < a.length; j++) {
      g[j] *= a[j];
    }
    gain.set(Tensor.of(g, g.length));
    Parameter bias = norm.bias();
    if (bias != null) {
      float[] t = bias.peek().toFloats();
      for (int j = 0; j < a.length; j++) {
        t[j] = t[j] * a[j] + c[j];
      }
      bias.set(Tensor.of(t, t.length));
    }
  }

  private static void intoSite(Site site, float[] a, float[] c) {
    site.append(new ChannelScale(Tensor.of(a.clone(), a.length)));
    if (isShift(c)) {
      site.append(new ChannelShift(Tensor.of(c.clone(), c.length)));
    }
  }

  private static void into(Linear linear, float[] a, float[] c) {
    int in = linear.in();
    float[] w = linear.weight().peek().toFloats();
    float[] u = new float[linear.out()];
    boolean shifted = false;
    for (int row = 0; row < linear.out(); row++) {
      double sum = 0;
      for (int j = 0; j < in; j++) {
        w[row * in + j] /= a[j];
        sum += (double) w[row * in + j] * c[j];
      }
      u[row] = (float) -sum;
      shifted |= sum != 0;
    }
    linear.setWeight(Tensor.of(w, linear.out(), in));
    if (shifted) {
      float[] bias = linear.ensureBias().peek().toFloats();
      for (int row = 0; row < u.length; row++) {
        bias[row] += u[row];
      }
      linear.ensureBias().set(Tensor.of(bias, bias.length));
    }
  }
}
