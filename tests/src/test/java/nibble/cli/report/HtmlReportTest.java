package nibble.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.xml.parsers.DocumentBuilderFactory;
import nibble.cli.terminal.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class HtmlReportTest {
  private static final String NASTY = "<script>alert('x')</script> & \"q\" \u0001";
  @TempDir private Path place;

  @Test
  void everyPlotIsWellFormedAndEscaped() throws Exception {
    for (Plot plot : plots(NASTY)) {
      String svg = plot.toSvg();
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
      assertEquals("svg", document.getDocumentElement().getNodeName());
      assertEquals(0, document.getElementsByTagName("script").getLength());
      assertTrue(document.getElementsByTagName("text").getLength() > 6);
      assertFalse(svg.contains("NaN"), svg);
    }
  }

  @Test
  void aPageHoldsEverythingItNeeds() throws IOException {
    HtmlReport report =
        new HtmlReport(NASTY)
            .section(NASTY)
            .paragraph(NASTY)
            .code(NASTY)
            .table(new Table(NASTY, "n").alignRight(1).row(NASTY, "1"));
    plots("plain").forEach(plot -> report.figure(NASTY, plot));
    Path file = place.resolve("report.html");
    report.write(file);
    report.write(file);
    String html = Files.readString(file);
    assertFalse(html.contains("<script"));
    assertFalse(html.contains("http"), "nothing is loaded from elsewhere");
    assertFalse(html.contains("\u0001"));
    try (var entries = Files.list(place)) {
      assertEquals(1, entries.count());
    }
  }

  @Test
  void ticksAreRoundNumbersAroundTheValues() {
    assertEquals(
        List.of(0.0, 20.0, 40.0, 60.0, 80.0, 100.0), new Axis("top-1", "%").around(3, 91).ticks());
    assertEquals(
        List.of(0.2, 0.5, 1.0, 2.0, 5.0),
        new Axis("size", "").logarithmic().around(0.21, 4.4).ticks());
    assertEquals("1.5e-6", Axis.number(1.5e-6));
    assertEquals("12,000", Axis.number(12_000));
    assertEquals("0.05", Axis.number(0.05));
    assertEquals("0", Axis.number(1e-17));
  }

  @Test
  void valuesThatCannotBeDrawnAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new Axis("size", "").logarithmic().around(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new Axis("size", "").around(Double.NaN, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ScatterPlot(new Axis("x", ""), new Axis("y", "")).point("p", Double.NaN, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new GroupedBars("layer", new Axis("y", ""), "a", "b").group("g", 1));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new LineChart(new Axis("x", ""), new Axis("y", ""))
                .curve("c", new double[1], new double[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> Distribution.of("c", "x", Map.of("a", new float[] {Float.NaN})));
  }

  private static List<Plot> plots(String name) {
    float[] values = new float[500];
    Random random = new Random(9);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    values[7] = Float.NaN;
    Axis x = new Axis(name, "");
    Axis y = new Axis(name, name);
    ScatterPlot crowd = new ScatterPlot(x, y);
    for (int i = 0; i < 12; i++) {
      crowd.point(name + i, 1 + 0.001 * i, 2, i);
    }
    return List.of(
        crowd,
        new Histogram(Distribution.of(name, name, Map.of(name, values, "b", values)), true),
        new Histogram(Distribution.of(name, name, Map.of(name, values)), false),
        new GroupedBars(name, y, name, "b").group(name, 1, -2).group("g", Double.NaN, 0),
        new GroupedBars(name, y.logarithmic(), name, "b").group(name, 1e-5, 1e-3),
        new LineChart(x, y)
            .curve(name, new double[] {0, 1, 2}, new double[] {3, Double.NaN, 5})
            .curve("b", new double[] {0, 1}, new double[] {0, 1e-3}));
  }
}
