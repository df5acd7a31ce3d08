package nibble.cli.synthetic;

/**
 * A square picture in linear floats, red, green and blue interleaved, nominally 0 to 1, with the
 * few things a scene is made of. Not thread-safe.
 */
final class Canvas {
  /** Where a shape lies: centre and radius in pixels, and its rotation. */
  record Pose(float x, float y, float radius, float cos, float sin) {
    static Pose of(float x, float y, float radius, double angle) {
      return new Pose(x, y, radius, (float) StrictMath.cos(angle), (float) StrictMath.sin(angle));
    }
  }

  /**
   * Two colours and the pattern in which they alternate; {@code period} in pixels, {@code shift} in
   * pixels.
   */
  record Paint(
      Fill fill, float period, float shift, float cos, float sin, float[] first, float[] second) {
    static Paint solid(float[] colour) {
      return new Paint(Fill.SOLID, 1, 0, 1, 0, colour, colour);
    }
  }

  private final int size;
  private float[] pixels;
  private float[] other;

  Canvas(int size) {
    this.size = size;
    pixels = new float[3 * size * size];
    other = new float[3 * size * size];
  }

  int size() {
    return size;
  }

  /** A straight run from one colour to another along the direction (cos, sin). */
  void gradient(float[] from, float[] to, float cos, float sin) {
    float scale = 1f / size;
    for (int y = 0, at = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        float t =
            Fill.clamp(
                0.5f + ((x + 0.5f) * scale - 0.5f) * cos + ((y + 0.5f) * scale - 0.5f) * sin);
        for (int c = 0; c < 3; c++) {
          pixels[at++] = from[c] + t * (to[c] - from[c]);
        }
      }
    }
  }

  /** Lays a shape over what is there; {@code opacity} 0 to 1. */
  void draw(Outline outline, Pose pose, Paint paint, float opacity) {
    int left = Math.max(0, (int) Math.floor(pose.x - pose.radius - 1));
    int right = Math.min(size - 1, (int) Math.floor(pose.x + pose.radius + 1));
    int top = Math.max(0, (int) Math.floor(pose.y - pose.radius - 1));
    int bottom = Math.min(size - 1, (int) Math.floor(pose.y + pose.radius + 1));
    float reach = (pose.radius + 1) * (pose.radius + 1);
    float toUnit = 1 / pose.radius;
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        float dx = x + 0.5f - pose.x;
        float dy = y + 0.5f - pose.y;
        if (dx * dx + dy * dy > reach) {
          continue;
        }
        float unitX = (dx * pose.cos + dy * pose.sin) * toUnit;
        float unitY = (dy * pose.cos - dx * pose.sin) * toUnit;
        float cover = opacity * Fill.clamp(0.5f - outline.distance(unitX, unitY) * pose.radius);
        if (cover > 0) {
          blend(3 * (y * size + x), cover, paint, dx, dy);
        }
      }
    }
  }

  private void blend(int at, float cover, Paint paint, float dx, float dy) {
    float u = dx * paint.cos + dy * paint.sin + paint.shift;
    float v = dy * paint.cos - dx * paint.sin + paint.shift;
    float share = paint.fill.secondColour(u, v, paint.period);
    for (int c = 0; c < 3; c++) {
      float colour = paint.first[c] + share * (paint.second[c] - paint.first[c]);
      pixels[at + c] += cover * (colour - pixels[at + c]);
    }
  }

  /** Mixes each pixel with the binomial average of its 3 x 3 neighbourhood; strength 0 to 1. */
  void blur(float strength) {
    int row = 3 * size;
    for (int y = 0; y < size; y++) {
      int up = y == 0 ? 0 : -row;
      int down = y == size - 1 ? 0 : row;
      for (int x = 0; x < size; x++) {
        int left = x == 0 ? 0 : -3;
        int right = x == size - 1 ? 0 : 3;
        for (int at = y * row + 3 * x, end = at + 3; at < end; at++) {
          float corners =
              pixels[at + up + left]
                  + pixels[at + up + right]
                  + pixels[at + down + left]
                  + pixels[at + down + right];
          float sides =
              pixels[at + up] + pixels[at + down] + pixels[at + left] + pixels[at + right];
          float average = 0.0625f * corners + 0.125f * sides + 0.25f * pixels[at];
          other[at] = pixels[at] + strength * (average - pixels[at]);
        }
      }
    }
    float[] swap = pixels;
    pixels = other;
    other = swap;
  }

  /**
   * Multiplies by a plane of light: 1 in the middle, 1 + slope towards the direction of (slopeX,
   * slopeY).
   */
  void light(float slopeX, float slopeY) {
    float scale = 2f / size;
    for (int y = 0, at = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        float gain = 1 + slopeX * ((x + 0.5f) * scale - 1) + slopeY * ((y + 0.5f) * scale - 1);
        for (int c = 0; c < 3; c++) {
          pixels[at++] *= gain;
        }
      }
    }
  }

  /**
   * Adds noise of the given standard deviation (nearly normal: four uniform numbers summed), then
   * rounds to bytes, red, green, blue interleaved.
   */
  void develop(Dice dice, float deviation, byte[] rgb) {
    float scale = deviation / 147.8f; // standard deviation of the sum of four uniform bytes
    for (int i = 0; i < pixels.length; i += 2) {
      long bits = dice.bits();
      rgb[i] = toByte(pixels[i] + scale * (sumOfBytes(bits) - 510));
      if (i + 1 < pixels.length) {
        rgb[i + 1] = toByte(pixels[i + 1] + scale * (sumOfBytes(bits >>> 32) - 510));
      }
    }
  }

  private static int sumOfBytes(long bits) {
    return (int)
        ((bits & 0xFF) + (bits >>> 8 & 0xFF) + (bits >>> 16 & 0xFF) + (bits >>> 24 & 0xFF));
  }

  private static byte toByte(float value) {
    return (byte) (int) (Fill.clamp(value) * 255 + 0.5f);
  }
}
