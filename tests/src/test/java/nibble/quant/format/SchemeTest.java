package nibble.quant.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import nibble.quant.format.ActivationScheme.Timing;

class SchemeTest {

  @Provide
  Arbitrary<Scheme> schemes() {
    Arbitrary<IntFormat> formats =
        Combinators.combine(Arbitraries.integers().between(2, 8), Arbitraries.of(Symmetry.class))
            .as(IntFormat::new);
    Arbitrary<Granularity> groups =
        Arbitraries.integers().between(1, 4096).map(Granularity.PerGroup::new);
    Arbitrary<ClipSearch> clips =
        Arbitraries.of(
            ClipSearch.none(),
            ClipSearch.mse(),
            new ClipSearch.Ratio(0.95f),
            new ClipSearch.Shrink(2, 40, 50),
            new ClipSearch.Shrink(3.5, 1, 1));
    Arbitrary<WeightScheme> weights =
        Combinators.combine(
                formats,
                Arbitraries.oneOf(
                    groups,
                    Arbitraries.of(new Granularity.PerTensor(), new Granularity.PerChannel())),
                clips)
            .as(WeightScheme::new);
    Arbitrary<ActivationScheme> dynamic =
        Combinators.combine(
                formats,
                Arbitraries.oneOf(
                    groups,
                    Arbitraries.of(new Granularity.PerTensor(), new Granularity.PerToken())),
                Arbitraries.floats().between(0.1f, 1f))
            .as(
                (format, granularity, clip) ->
                    new ActivationScheme(format, granularity, Timing.DYNAMIC, clip));
    Arbitrary<ActivationScheme> fixed =
        formats.map(f -> new ActivationScheme(f, new Granularity.PerTensor(), Timing.STATIC, 0.9f));
    return Combinators.combine(weights.optional(), Arbitraries.oneOf(dynamic, fixed).optional())
        .as(Scheme::new);
  }

  @Property(tries = 200)
  void printedSchemesReadBack(@ForAll("schemes") Scheme scheme) {
    assertEquals(scheme, Scheme.parse(scheme.toString()));
    assertEquals(
        scheme,
        Scheme.parse(scheme.toString().replace(' ', ',').toUpperCase(java.util.Locale.ROOT)));
  }

  @Example
  void commonSchemes() {
    for (String text :
        List.of(
            "W4A4",
            "W8A8",
            "W4A16",
            "W4A16 g128",
            "W3A3",
            "W16A8",
            "W16A16",
            "W4A8 w:offset a:static")) {
      assertEquals(text, Scheme.parse(text).toString());
    }
    assertEquals(
        Scheme.of(WeightScheme.ofBits(4).withGranularity(new Granularity.PerGroup(128))),
        Scheme.parse("w4a16 g128"));
    assertEquals(Optional.empty(), Scheme.parse("W4A16").activations());
  }

  @Example
  void errorsNameThePartAndTheForm() {
    for (String text :
        List.of(
            "",
            "W4",
            "int4",
            "W9A4",
            "W1A16",
            "W4A4 foo",
            "W4A16 a:sym",
            "W16A8 g64",
            "W4A4 g0",
            "W4A4 w:clip=2",
            "W4A4 w:clip=x",
            "W4A4 w:token")) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Scheme.parse(text), text).getMessage();
      assertTrue(
          message.contains("scheme '" + text + "'") && message.contains("W<bits>A<bits>"), message);
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> Scheme.parse("W4A4 a:g64 a:static"))
            .getMessage();
    assertTrue(message.contains("must be per tensor"), message);
  }
}
