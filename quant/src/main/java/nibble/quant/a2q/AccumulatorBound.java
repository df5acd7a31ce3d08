package nibble.quant.a2q;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.quant.format.QuantizedTensor;

/**
 * How large the codes of an output channel may be in all, so that no partial sum of their products
 * with activation codes leaves an accumulator of P bits, in whatever order they are added:
 *
 * <pre>{@code
 * |sum q_j x_j| <= |q|_1 max|x| <= 2^(P-1) - 1
 * A2Q    |q|_1 <= T  = (2^(P-1) - 1) 2^(sgn - N)                   sgn = 1 for signed x, which hold -2^(N-1)
 * A2Q+   sums of positive and of negative codes each <= T+ / 2,    T+ = (2^P - 2) / (2^N - 1), for unsigned x
 * }</pre>
 *
 * <p>Colbert, Pappalardo, Petri-Koenig: <a
 * href="https://arxiv.org/abs/2308.13504">arXiv:2308.13504</a>, equation 15, and <a
 * href="https://arxiv.org/abs/2401.10432">arXiv:2401.10432</a>, equation 10. Both also hold for
 * levels {@code x - z} with a zero point z among the codes, which our kernels add: T because {@code
 * |x - z| < 2^N}, T+ because positive codes meet at most {@code 2^N - 1 - z} where negative ones
 * meet at most {@code z}.
 *
 * @param accumulatorBits P, 2 to 32
 * @param activationBits N, 1 to 16
 * @param signed whether activation codes are signed
 * @param centred whether weights are centred at zero, A2Q+; for unsigned codes only
 */
public record AccumulatorBound(
    int accumulatorBits, int activationBits, boolean signed, boolean centred) {
  public AccumulatorBound {
    if (accumulatorBits < 2 || accumulatorBits > 32 || activationBits < 1 || activationBits > 16) {
      throw new IllegalArgumentException(
          "accumulators have 2 to 32 bits and activations 1 to 16, found %d and %d"
              .formatted(accumulatorBits, activationBits));
    }
    if (signed && centred) {
      throw new IllegalArgumentException(
          "centred weights gain nothing with signed activation codes; use asymmetric activations,"
              + " or a2q without plus");
    }
  }

  /** That of the products of a layer. */
  public static AccumulatorBound of(
      int accumulatorBits, ActivationQuantizer input, boolean centred) {
    return new AccumulatorBound(accumulatorBits, input.bits(), input.symmetric(), centred);
  }

  /** Largest {@code |q|_1} of a channel: T or T+. */
  public double limit() {
    double largest = Math.pow(2, accumulatorBits - 1) - 1;
    return centred
        ? 2 * largest / (Math.pow(2, activationBits) - 1)
        : largest * Math.pow(2, (signed ? 1 : 0) - activationBits);
  }

  /** Whether the codes of every row keep it. */
  public boolean holds(QuantizedTensor codes) {
    for (int row = 0; row < codes.out(); row++) {
      long positive = 0;
      long negative = 0;
      for (int i = row * codes.in(); i < (row + 1) * codes.in(); i++) {
        positive += Math.max(0, codes.codes()[i]);
        negative += Math.max(0, -codes.codes()[i]);
      }
      boolean fits =
          centred ? 2.0 * Math.max(positive, negative) <= limit() : positive + negative <= limit();
      if (!fits) {
        return false;
      }
    }
    return true;
  }
}
