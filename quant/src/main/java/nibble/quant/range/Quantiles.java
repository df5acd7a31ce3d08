package nibble.quant.range;

/** Exact quantiles of an array that may be reordered: selection in linear time. */
public final class Quantiles {
  private final float[] x;

  /** Of {@code x}, which is kept and reordered. At least one value, none of them NaN. */
  public Quantiles(float[] x) {
    if (x.length == 0) {
      throw new IllegalArgumentException("quantiles need at least one value");
    }
    this.x = x;
  }

  /**
   * The value below which a share {@code p} lies: between the order statistics around {@code p (n -
   * 1)}, linearly, as tensor libraries define it.
   */
  public float at(double p) {
    if (!(p >= 0 && p <= 1)) {
      throw new IllegalArgumentException("quantile must be from 0 to 1, was " + p);
    }
    double position = p * (x.length - 1);
    int below = (int) Math.floor(position);
    float low = select(below);
    double fraction = position - below;
    if (fraction == 0 || below + 1 == x.length) {
      return low;
    }
    float high = smallestAfter(below);
    return (float) (low + fraction * ((double) high - low));
  }

  private float smallestAfter(int index) {
    float least = x[index + 1];
    for (int i = index + 2; i < x.length; i++) {
      least = Math.min(least, x[i]);
    }
    return least;
  }

  /**
   * Hoare's selection with the median of three as pivot: afterwards no value before {@code k} is
   * larger, none after it smaller.
   */
  private float select(int k) {
    int low = 0;
    int high = x.length - 1;
    while (low < high) {
      float pivot = median(x[low], x[(low + high) >>> 1], x[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (x[i] < pivot) {
          i++;
        }
        while (x[j] > pivot) {
          j--;
        }
        if (i <= j) {
          float swap = x[i];
          x[i++] = x[j];
          x[j--] = swap;
        }
      }
      if (k <= j) {
        high = j;
      } else if (k >= i) {
        low = i;
      } else {
        return x[k];
      }
    }
    return x[k];
  }

  private static float median(float a, float b, float c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
