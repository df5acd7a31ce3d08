package nibble.cli.synthetic;

/** How a shape is filled with its two colours. */
enum Fill {
  SOLID {
    @Override
    float secondColour(float u, float v, float period) {
      return 0;
    }
  },
  STRIPED {
    @Override
    float secondColour(float u, float v, float period) {
      return band(u, period);
    }
  },
  CHECKERED {
    @Override
    float secondColour(float u, float v, float period) {
      float a = band(u, 1.25f * period);
      float b = band(v, 1.25f * period);
      return a + b - 2 * a * b;
    }
  },
  DOTTED {
    @Override
    float secondColour(float u, float v, float period) {
      float x = u - period * (float) Math.floor(u / period) - period / 2;
      float y = v - period * (float) Math.floor(v / period) - period / 2;
      return clamp(0.5f + 0.31f * period - (float) Math.sqrt(x * x + y * y));
    }
  };

  /**
   * Share of the second colour, 0 to 1, at a point given in pixels along and across the pattern;
   * {@code period} in pixels.
   */
  abstract float secondColour(float u, float v, float period);

  /** One on half of each period, zero on the other half, with edges one pixel wide. */
  private static float band(float u, float period) {
    float phase = u - period * (float) Math.floor(u / period);
    return clamp(0.5f + Math.abs(phase - period / 2) - period / 4);
  }

  static float clamp(float value) {
    return Math.max(0, Math.min(1, value));
  }
}
