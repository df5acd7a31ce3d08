package nibble.kernels.hadamard;

import nibble.kernels.parallel.Scratch;

/**
 * The orthogonal Hadamard transform of one length: {@code y = (H_K kron H_m) x / sqrt(n)} with
 * {@code n = K m} and m a power of two. In blocks, each block of a row is transformed by itself.
 *
 * <p>K is 1 for a power of two, otherwise the first of 172, 156, 140, 108, 60, 52, 44, 36, 28, 40,
 * 20, 12 with n / K a power of two (the order that public rotated checkpoints use), otherwise the
 * smallest order of {@link HadamardFactor} with that property. Immutable and thread-safe. Costs
 * {@code n (log2 m + K)} additions per row.
 */
public final class HadamardTransform {
  private static final int[] FACTORS = {172, 156, 140, 108, 60, 52, 44, 36, 28, 40, 20, 12};

  private final int size;
  private final int block;
  private final int order;
  private final float[] factor;
  private final float[] transposedFactor;
  private final Fwht fwht;
  private final FactorProduct product;

  HadamardTransform(int size, int block, Fwht fwht, FactorProduct product) {
    this.size = size;
    this.block = block;
    this.order = factorOf(block);
    if (order == 0) {
      throw new IllegalArgumentException(unsupported(block));
    }
    HadamardFactor h = HadamardFactor.of(order).orElseThrow();
    this.factor = h.toFloats(false);
    this.transposedFactor = h.toFloats(true);
    this.fwht = fwht;
    this.product = product;
  }

  /**
   * The transform of rows of length {@code n}.
   *
   * @throws IllegalArgumentException if no construction gives this length; the message names block
   *     sizes that do
   */
  public static HadamardTransform of(int n) {
    return new HadamardTransform(n, n, Fwht.best(), FactorProduct.best());
  }

  /**
   * The transform of rows of length {@code n} in blocks of {@code block} elements each.
   *
   * @throws IllegalArgumentException if {@code block} does not divide {@code n}, or is not a
   *     supported length
   */
  public static HadamardTransform ofBlocks(int n, int block) {
    if (block < 1 || n < 1 || n % block != 0) {
      throw new IllegalArgumentException(
          "block size %d does not divide n = %d".formatted(block, n));
    }
    return new HadamardTransform(n, block, Fwht.best(), FactorProduct.best());
  }

  /** Whether {@link #of} accepts this length. */
  public static boolean isSupported(int n) {
    return factorOf(n) != 0;
  }

  /** Row length n. */
  public int size() {
    return size;
  }

  /** Elements that are mixed with one another; {@link #size} unless in blocks. */
  public int blockSize() {
    return block;
  }

  /** K. */
  public int factorOrder() {
    return order;
  }

  /**
   * {@code x = H x / sqrt(n)} for each of {@code rows} contiguous rows, in place, on the calling
   * thread.
   *
   * @param scratch uses float slot 15
   */
  public void forward(int rows, float[] x, int xOffset, Scratch scratch) {
    apply(rows, x, xOffset, factor, scratch);
  }

  /** {@code x = H^T x / sqrt(n)}: undoes {@link #forward}. */
  public void transposed(int rows, float[] x, int xOffset, Scratch scratch) {
    apply(rows, x, xOffset, transposedFactor, scratch);
  }

  private void apply(int rows, float[] x, int xOffset, float[] h, Scratch scratch) {
    int power = block / order;
    float scale = (float) (1 / Math.sqrt(block));
    int blocks = Math.multiplyExact(rows, size / block);
    if (order == 1) {
      fwht.transform(blocks, power, x, xOffset, scale);
      return;
    }
    for (int b = 0; b < blocks; b++) {
      int at = xOffset + b * block;
      fwht.transform(order, power, x, at, 1);
      product.multiply(h, order, power, x, at, scale, scratch);
    }
  }

  /** K for length {@code n}, or 0. */
  private static int factorOf(int n) {
    if (n < 1) {
      return 0;
    }
    if (isPower(n)) {
      return n <= Fwht.MAX_LENGTH ? 1 : 0;
    }
    for (int k : FACTORS) {
      if (n % k == 0 && isPower(n / k)) {
        return n / k <= Fwht.MAX_LENGTH ? k : 0;
      }
    }
    for (int k = n / Integer.lowestOneBit(n); k <= Math.min(n, HadamardFactor.MAX_ORDER); k *= 2) {
      if (n / k <= Fwht.MAX_LENGTH && HadamardFactor.of(k).isPresent()) {
        return k;
      }
    }
    return 0;
  }

  private static boolean isPower(int n) {
    return Integer.bitCount(n) == 1;
  }

  private static String unsupported(int n) {
    if (n < 1) {
      return "length must be positive, was " + n;
    }
    int power = Math.min(Integer.lowestOneBit(n), Fwht.MAX_LENGTH);
    int largest = power;
    for (int divisor = 2; divisor <= n / 2; divisor++) {
      if (n % divisor == 0 && factorOf(n / divisor) != 0) {
        largest = Math.max(largest, n / divisor);
        break;
      }
    }
    return "no Hadamard construction for n = %d; transform it in blocks of %d%s"
        .formatted(n, largest, largest == power ? "" : " or of the power of two " + power);
  }
}
