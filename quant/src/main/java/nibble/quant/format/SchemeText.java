package nibble.quant.format;

import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import nibble.quant.format.ActivationScheme.Timing;
import nibble.quant.format.Granularity.PerChannel;
import nibble.quant.format.Granularity.PerGroup;
import nibble.quant.format.Granularity.PerTensor;
import nibble.quant.format.Granularity.PerToken;

/** Reads and writes schemes. */
final class SchemeText {
  private static final Pattern HEAD = Pattern.compile("w(\\d{1,2})a(\\d{1,2})");
  private static final Pattern GROUP = Pattern.compile("g(\\d{1,6})");
  private static final Pattern SEARCH =
      Pattern.compile("clip=mse\\^([\\d.]{1,8})/(\\d{1,6})/(\\d{1,6})");
  private static final int FLOAT_BITS = 16;
  private static final String FORM =
      "expected W<bits>A<bits> with 2 to 8 or 16 (float) bits, then any of: g<size> w:tensor"
          + " w:channel w:sym w:offset w:asym w:clip=mse w:clip=<ratio>"
          + " w:clip=mse^<exponent>/<steps>/<grid size> a:token a:tensor a:g<size> a:sym a:offset"
          + " a:asym a:static a:dynamic a:clip=<ratio>; for example 'W4A16 g128'";

  private SchemeText() {}

  static Scheme parse(String text) {
    String[] words = text.strip().toLowerCase(Locale.ROOT).split("[\\s,]+");
    Matcher head = HEAD.matcher(words[0]);
    if (!head.matches()) {
      throw bad(text, "'" + words[0] + "'");
    }
    try {
      Optional<WeightScheme> weights = bits(head.group(1)).map(WeightScheme::ofBits);
      Optional<ActivationScheme> activations = bits(head.group(2)).map(ActivationScheme::ofBits);
      for (int i = 1; i < words.length; i++) {
        String word = words[i];
        if (word.startsWith("a:")) {
          activations =
              Optional.of(
                  refine(
                      activations.orElseThrow(
                          () -> new UnknownWord(word + " (activations are float)")),
                      word.substring(2)));
        } else {
          weights =
              Optional.of(
                  refine(
                      weights.orElseThrow(() -> new UnknownWord(word + " (weights are float)")),
                      word.startsWith("w:") ? word.substring(2) : word));
        }
      }
      return new Scheme(weights, activations);
    } catch (UnknownWord e) {
      throw bad(text, "'" + e.getMessage() + "'");
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "scheme '%s': %s".formatted(text.strip(), e.getMessage()), e);
    }
  }

  private static Optional<Integer> bits(String digits) {
    int bits = Integer.parseInt(digits);
    if (bits == FLOAT_BITS) {
      return Optional.empty();
    }
    if (bits < IntFormat.MIN_BITS || bits > IntFormat.MAX_BITS) {
      throw new UnknownWord(digits + " bits");
    }
    return Optional.of(bits);
  }

  private static WeightScheme refine(WeightScheme scheme, String word) {
    return switch (word) {
      case "tensor" -> scheme.withGranularity(new PerTensor());
      case "channel" -> scheme.withGranularity(new PerChannel());
      case "clip=mse" -> scheme.withClip(ClipSearch.mse());
      case String search when SEARCH.matcher(search).matches() -> scheme.withClip(search(search));
      case String clip when clip.startsWith("clip=") ->
          scheme.withClip(new ClipSearch.Ratio(ratio(clip)));
      case String group when GROUP.matcher(group).matches() -> scheme.withGranularity(group(group));
      default -> scheme.withSymmetry(symmetry(word));
    };
  }

  private static ActivationScheme refine(ActivationScheme scheme, String word) {
    return switch (word) {
      case "tensor" -> scheme.withGranularity(new PerTensor());
      case "token" -> scheme.withGranularity(new PerToken());
      case "static" -> staticOf(scheme);
      case "dynamic" ->
          new ActivationScheme(
              scheme.format(), scheme.granularity(), Timing.DYNAMIC, scheme.clipRatio());
      case String clip when clip.startsWith("clip=") -> scheme.withClipRatio(ratio(clip));
      case String group when GROUP.matcher(group).matches() -> scheme.withGranularity(group(group));
      default -> scheme.withSymmetry(symmetry(word));
    };
  }

  private static ClipSearch search(String word) {
    Matcher parts = SEARCH.matcher(word);
    if (!parts.matches()) {
      throw new UnknownWord(word);
    }
    return new ClipSearch.Shrink(
        Double.parseDouble(parts.group(1)),
        Integer.parseInt(parts.group(2)),
        Integer.parseInt(parts.group(3)));
  }

  private static ActivationScheme staticOf(ActivationScheme scheme) {
    boolean fits =
        scheme.granularity() instanceof PerToken || scheme.granularity() instanceof PerTensor;
    return fits
        ? scheme.asStatic()
        : new ActivationScheme(
            scheme.format(), scheme.granularity(), Timing.STATIC, scheme.clipRatio());
  }

  private static PerGroup group(String word) {
    int size = Integer.parseInt(word.substring(1));
    if (size < 1) {
      throw new UnknownWord(word);
    }
    return new PerGroup(size);
  }

  private static Symmetry symmetry(String word) {
    for (Symmetry symmetry : Symmetry.values()) {
      if (symmetry.word().equals(word)) {
        return symmetry;
      }
    }
    throw new UnknownWord(word);
  }

  private static float ratio(String word) {
    try {
      float ratio = Float.parseFloat(word.substring("clip=".length()));
      if (ratio > 0 && ratio <= 1) {
        return ratio;
      }
    } catch (NumberFormatException e) {
      throw new UnknownWord(word);
    }
    throw new UnknownWord(word);
  }

  static String print(Scheme scheme) {
    StringJoiner words = new StringJoiner(" ");
    words.add(
        "W%dA%d"
            .formatted(
                scheme.weights().map(w -> w.format().bits()).orElse(FLOAT_BITS),
                scheme.activations().map(a -> a.format().bits()).orElse(FLOAT_BITS)));
    scheme.weights().ifPresent(w -> printWeights(w, words));
    scheme.activations().ifPresent(a -> printActivations(a, words));
    return words.toString();
  }

  private static void printWeights(WeightScheme scheme, StringJoiner words) {
    switch (scheme.granularity()) {
      case PerGroup(int g) -> words.add("g" + g);
      case PerTensor() -> words.add("w:tensor");
      case PerChannel(), PerToken() -> {}
    }
    if (scheme.format().symmetry() != Symmetry.SYMMETRIC) {
      words.add("w:" + scheme.format().symmetry().word());
    }
    switch (scheme.clip()) {
      case ClipSearch.Ratio(float ratio) when ratio == 1f -> {}
      case ClipSearch.Ratio(float ratio) -> words.add("w:clip=" + ratio);
      case ClipSearch.Shrink shrink when shrink.equals(ClipSearch.mse()) -> words.add("w:clip=mse");
      case ClipSearch.Shrink(double exponent, int steps, int gridSize) ->
          words.add("w:clip=mse^%s/%d/%d".formatted(exponent, steps, gridSize));
    }
  }

  private static void printActivations(ActivationScheme scheme, StringJoiner words) {
    switch (scheme.granularity()) {
      case PerGroup(int g) -> words.add("a:g" + g);
      case PerTensor() when scheme.timing() == Timing.DYNAMIC -> words.add("a:tensor");
      case PerTensor(), PerChannel(), PerToken() -> {}
    }
    if (scheme.format().symmetry() != Symmetry.ASYMMETRIC) {
      words.add("a:" + scheme.format().symmetry().word());
    }
    if (scheme.timing() == Timing.STATIC) {
      words.add("a:static");
    }
    if (scheme.clipRatio() != 1f) {
      words.add("a:clip=" + scheme.clipRatio());
    }
  }

  private static IllegalArgumentException bad(String text, String part) {
    return new IllegalArgumentException(
        "scheme '%s': cannot read %s; %s".formatted(text.strip(), part, FORM));
  }

  /** Carries the word that does not fit up to where the whole text is known. */
  private static final class UnknownWord extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    UnknownWord(String word) {
      super(word);
    }
  }
}
