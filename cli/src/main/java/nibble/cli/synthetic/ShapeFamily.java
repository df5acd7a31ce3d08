package nibble.cli.synthetic;

import java.util.Locale;

/** What is drawn: 16 outlines that stay different under rotation and change of size. */
enum ShapeFamily {
  DISK(new Outline.Disk(0.85f)),
  RING(new Outline.Ring(0.72f, 0.42f)),
  CRESCENT(new Outline.Crescent(0.55f, 0.72f)),
  TRIANGLE(regular(3, 1f)),
  SQUARE(regular(4, 1f)),
  HEXAGON(regular(6, 0.92f)),
  STAR(star(5, 1f, 0.45f)),
  CROSS(cross(0.3f, 0.92f)),
  HEART(heart(28)),
  ARROW(
      new Outline.Polygon(
          0.98f, 0, 0.2f, -0.78f, 0.2f, -0.3f, -0.92f, -0.3f, -0.92f, 0.3f, 0.2f, 0.3f, 0.2f,
          0.78f)),
  GEAR(gear(8, 0.97f, 0.66f)),
  SPIRAL(spiral(26, 1.6f, 0.3f)),
  BOLT(
      new Outline.Polygon(
          0.28f, -0.96f, -0.68f, 0.16f, -0.1f, 0.16f, -0.32f, 0.94f, 0.66f, -0.26f, 0.08f, -0.26f)),
  LETTER_T(
      new Outline.Stroke(
          0.38f, -0.7f, -0.66f, 0.7f, -0.66f, Float.NaN, Float.NaN, 0, -0.66f, 0, 0.78f)),
  LETTER_E(
      new Outline.Stroke(
          0.34f, 0.56f, -0.74f, -0.5f, -0.74f, -0.5f, 0.74f, 0.56f, 0.74f, Float.NaN, Float.NaN,
          -0.5f, 0, 0.44f, 0)),
  LETTER_S(
      new Outline.Stroke(
          0.36f, 0.52f, -0.62f, 0.2f, -0.78f, -0.24f, -0.76f, -0.5f, -0.46f, -0.36f, -0.14f, 0.36f,
          0.14f, 0.5f, 0.46f, 0.24f, 0.76f, -0.2f, 0.78f, -0.52f, 0.62f));

  final Outline outline;

  ShapeFamily(Outline outline) {
    this.outline = outline;
  }

  /** Lower-case words, as in class names. */
  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static Outline regular(int corners, float radius) {
    return star(corners, radius, (float) (radius * StrictMath.cos(StrictMath.PI / corners)));
  }

  /** Corners alternate between the outer and the inner radius. */
  private static Outline star(int rays, float outer, float inner) {
    float[] points = new float[4 * rays];
    for (int i = 0; i < 2 * rays; i++) {
      put(points, i, i % 2 == 0 ? outer : inner, StrictMath.PI * i / rays);
    }
    return new Outline.Polygon(points);
  }

  private static Outline gear(int teeth, float outer, float inner) {
    float[] points = new float[8 * teeth];
    for (int i = 0; i < 4 * teeth; i++) {
      int side = i / 2;
      put(
          points,
          i,
          i % 4 < 2 ? outer : inner,
          StrictMath.PI * (side + (i % 2) * 0.92 + 0.04) / teeth);
    }
    return new Outline.Polygon(points);
  }

  private static Outline cross(float a, float b) {
    return new Outline.Polygon(
        a, -b, a, -a, b, -a, b, a, a, a, a, b, -a, b, -a, a, -b, a, -b, -a, -a, -a, -a, -b);
  }

  private static Outline heart(int corners) {
    float[] points = new float[2 * corners];
    for (int i = 0; i < corners; i++) {
      double t = 2 * StrictMath.PI * i / corners;
      double sin = StrictMath.sin(t);
      points[2 * i] = (float) (0.93 * sin * sin * sin);
      points[2 * i + 1] =
          (float)
              -(0.76 * StrictMath.cos(t)
                  - 0.29 * StrictMath.cos(2 * t)
                  - 0.12 * StrictMath.cos(3 * t)
                  - 0.06 * StrictMath.cos(4 * t));
    }
    return new Outline.Polygon(points);
  }

  private static Outline spiral(int corners, float turns, float width) {
    float[] points = new float[2 * corners];
    for (int i = 0; i < corners; i++) {
      float along = i / (corners - 1f);
      put(points, i, 0.08f + 0.76f * along, 2 * StrictMath.PI * turns * along);
    }
    return new Outline.Stroke(width, points);
  }

  private static void put(float[] points, int i, float radius, double angle) {
    points[2 * i] = (float) (radius * StrictMath.cos(angle));
    points[2 * i + 1] = (float) (radius * StrictMath.sin(angle));
  }
}
