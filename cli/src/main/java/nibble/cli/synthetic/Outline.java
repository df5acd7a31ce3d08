package nibble.cli.synthetic;

/** The border of a shape that fits in the unit circle around the origin (x right, y down). */
interface Outline {
  /**
   * Distance of a point to the border, negative inside; near the border exact enough to smooth an
   * edge of one pixel.
   */
  float distance(float x, float y);

  /** All points nearer to the centre than {@code radius}. */
  record Disk(float radius) implements Outline {
    @Override
    public float distance(float x, float y) {
      return (float) Math.sqrt(x * x + y * y) - radius;
    }
  }

  /** All points within half of {@code width} of a circle. */
  record Ring(float radius, float width) implements Outline {
    @Override
    public float distance(float x, float y) {
      return Math.abs((float) Math.sqrt(x * x + y * y) - radius) - width / 2;
    }
  }

  /** A disk of radius 0.9 without the disk of radius {@code bite} around (shift, 0). */
  record Crescent(float shift, float bite) implements Outline {
    @Override
    public float distance(float x, float y) {
      float fromDisk = (float) Math.sqrt(x * x + y * y) - 0.9f;
      float fromBite = (float) Math.sqrt((x - shift) * (x - shift) + y * y) - bite;
      return Math.max(fromDisk, -fromBite);
    }
  }

  /**
   * The inside of a closed polygon.
   *
   * @param points x0, y0, x1, y1, ... without repeating the first point
   */
  record Polygon(float... points) implements Outline {
    @Override
    public float distance(float x, float y) {
      float nearest = Float.MAX_VALUE;
      boolean inside = false;
      float bx = points[points.length - 2];
      float by = points[points.length - 1];
      for (int i = 0; i < points.length; i += 2) {
        float ax = points[i];
        float ay = points[i + 1];
        nearest = Math.min(nearest, squaredDistanceToSegment(x, y, ax, ay, bx, by));
        if ((ay > y) != (by > y) && x < ax + (y - ay) * (bx - ax) / (by - ay)) {
          inside = !inside;
        }
        bx = ax;
        by = ay;
      }
      float distance = (float) Math.sqrt(nearest);
      return inside ? -distance : distance;
    }
  }

  /**
   * All points within half of {@code width} of a line through the given points.
   *
   * @param points x0, y0, x1, y1, ...; a NaN pair lifts the pen
   */
  record Stroke(float width, float... points) implements Outline {
    @Override
    public float distance(float x, float y) {
      float nearest = Float.MAX_VALUE;
      for (int i = 2; i < points.length; i += 2) {
        float toSegment =
            squaredDistanceToSegment(x, y, points[i - 2], points[i - 1], points[i], points[i + 1]);
        if (toSegment < nearest) { // false for NaN: no segment across a lifted pen
          nearest = toSegment;
        }
      }
      return (float) Math.sqrt(nearest) - width / 2;
    }
  }

  private static float squaredDistanceToSegment(
      float x, float y, float ax, float ay, float bx, float by) {
    float dx = bx - ax;
    float dy = by - ay;
    float along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
    along = Math.max(0, Math.min(1, along));
    float ex = x - ax - along * dx;
    float ey = y - ay - along * dy;
    return ex * ex + ey * ey;
  }
}
