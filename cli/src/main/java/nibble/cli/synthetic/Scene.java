package nibble.cli.synthetic;

/**
 * Composes one picture: background, clutter, the shape that gives the class, something in front of
 * it, light, blur, noise. All lengths are tuned for 48 pixels and scale with the picture.
 */
final class Scene {
  private static final ShapeFamily[] FAMILIES = ShapeFamily.values();
  private static final Fill[] FILLS = Fill.values();
  private static final float REFERENCE_SIZE = 48;

  /** Of the subject, to either side, in radians. */
  private static final float LARGEST_TILT = 0.4f;

  private final Canvas canvas;
  private final Dice dice;
  private final float unit;

  Scene(Canvas canvas, Dice dice) {
    this.canvas = canvas;
    this.dice = dice;
    this.unit = canvas.size() / REFERENCE_SIZE;
  }

  void paint(int label, byte[] rgb) {
    float[] near = colour();
    float[] far = colour();
    double slope = angle();
    canvas.gradient(near, far, (float) StrictMath.cos(slope), (float) StrictMath.sin(slope));
    float[] ground = middle(near, far);
    clutter(ground);
    Canvas.Pose pose = subject(label, ground);
    if (dice.chance(0.2f)) {
      occlude(pose);
    }
    canvas.light(dice.between(-0.25f, 0.25f), dice.between(-0.25f, 0.25f));
    if (dice.chance(0.6f)) {
      canvas.blur(dice.between(0.1f, 0.6f));
    }
    canvas.develop(dice, dice.between(0.005f, 0.04f), rgb);
  }

  private void clutter(float[] ground) {
    for (int lines = dice.below(3); lines > 0; lines--) {
      line(
          mixed(ground, colour(), dice.between(0.3f, 0.9f)), dice.between(0.7f, 2.2f) * unit, 0.9f);
    }
    for (int shapes = dice.below(3); shapes > 0; shapes--) {
      float radius = dice.between(2.5f, 5.5f) * unit;
      Canvas.Pose pose = Canvas.Pose.of(place(), place(), radius, angle());
      Fill fill = FILLS[dice.below(FILLS.length)];
      canvas.draw(
          FAMILIES[dice.below(FAMILIES.length)].outline,
          pose,
          patterned(fill, mixed(ground, colour(), 0.8f), ground),
          1);
    }
  }

  /**
   * Draws the shape that the label names, always the largest one, in two colours that stand out
   * from the background and from each other.
   */
  private Canvas.Pose subject(int label, float[] ground) {
    float radius = dice.between(14f, 20f) * unit;
    float room = 5 * unit;
    float x = canvas.size() / 2f + dice.between(-room, room);
    float y = canvas.size() / 2f + dice.between(-room, room);
    Canvas.Pose pose = Canvas.Pose.of(x, y, radius, dice.between(-LARGEST_TILT, LARGEST_TILT));
    float[] first = colourAwayFrom(ground, 0.5f);
    float[] second = mixed(colourAwayFrom(first, 0.6f), colourAwayFrom(ground, 0.6f), 0.25f);
    canvas.draw(
        FAMILIES[ClassNames.family(label)].outline,
        pose,
        patterned(FILLS[ClassNames.fill(label)], first, second),
        1);
    return pose;
  }

  private Canvas.Paint patterned(Fill fill, float[] first, float[] second) {
    double turn = angle();
    return new Canvas.Paint(
        fill,
        dice.between(4.2f, 6.5f) * unit,
        dice.between(0, 6) * unit,
        (float) StrictMath.cos(turn),
        (float) StrictMath.sin(turn),
        first,
        second);
  }

  /** Covers a strip or a spot of the subject. */
  private void occlude(Canvas.Pose subject) {
    if (dice.chance(0.5f)) {
      line(colour(), dice.between(2f, 4.5f) * unit, 1);
      return;
    }
    float radius = subject.radius() * dice.between(0.25f, 0.45f);
    double direction = angle();
    float away = subject.radius() * dice.between(0.4f, 0.9f);
    float x = subject.x() + away * (float) StrictMath.cos(direction);
    float y = subject.y() + away * (float) StrictMath.sin(direction);
    canvas.draw(
        FAMILIES[dice.below(FAMILIES.length)].outline,
        Canvas.Pose.of(x, y, radius, angle()),
        Canvas.Paint.solid(colour()),
        1);
  }

  /** A straight line from one random point to another. */
  private void line(float[] colour, float width, float opacity) {
    float ax = place();
    float ay = place();
    float bx = place();
    float by = place();
    float reach = canvas.size();
    Outline stroke =
        new Outline.Stroke(width / reach, ax / reach, ay / reach, bx / reach, by / reach + 1e-3f);
    canvas.draw(stroke, new Canvas.Pose(0, 0, reach, 1, 0), Canvas.Paint.solid(colour), opacity);
  }

  private float place() {
    return dice.unit() * canvas.size();
  }

  private double angle() {
    return 2 * StrictMath.PI * dice.unit();
  }

  private float[] colour() {
    return new float[] {dice.unit(), dice.unit(), dice.unit()};
  }

  /**
   * A random colour at least {@code least} away (Euclidean, in the unit cube); after some tries the
   * corner farthest away.
   */
  private float[] colourAwayFrom(float[] reference, float least) {
    for (int attempt = 0; attempt < 16; attempt++) {
      float[] candidate = colour();
      float squared = 0;
      for (int c = 0; c < 3; c++) {
        squared += (candidate[c] - reference[c]) * (candidate[c] - reference[c]);
      }
      if (squared >= least * least) {
        return candidate;
      }
    }
    return new float[] {
      reference[0] < 0.5f ? 1 : 0, reference[1] < 0.5f ? 1 : 0, reference[2] < 0.5f ? 1 : 0
    };
  }

  private static float[] middle(float[] a, float[] b) {
    return mixed(a, b, 0.5f);
  }

  private static float[] mixed(float[] a, float[] b, float share) {
    return new float[] {
      a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])
    };
  }
}
